// nacre passphrase …: how good one is, and another one in its place.
#include <cmath>

#include "clients/cli/commands.h"
#include "clients/cli/vault_state.h"
#include "clients/common/strength.h"

namespace nacre::cli {
namespace {

ExitCode check(Session& session) {
    const auto passphrase = ask_passphrase(session, "Passphrase to judge: ");
    if (!passphrase.ok()) return fail_passphrase(session, passphrase.error());
    const auto strength = client::estimate(*passphrase);
    if (!strength.ok()) return session.fail(strength.error(), "The passphrase");
    const auto bits = static_cast<std::uint32_t>(std::floor(strength->bits));
    const bool hopeless = strength->verdict == client::Verdict::hopeless;
    const ExitCode exit = hopeless ? ExitCode::user_error : ExitCode::success;
    if (session.output().json()) {
        JsonObject object;
        const std::vector<std::string> advice{strength->advice.begin(), strength->advice.end()};
        session.output().object(object.add("verdict", to_string(strength->verdict))
                                    .add("bits", bits)
                                    .add("advice", advice));
        return exit;
    }
    session.output().line(std::string{to_string(strength->verdict)} + ": about 2^" +
                          std::to_string(bits) + " guesses");
    for (const std::string_view sentence : strength->advice) {
        session.output().line(sentence);
    }
    return exit;
}

}  // namespace

ExitCode cmd_passphrase(Session& session) {
    return session.arguments().action == "check" ? check(session) : change_passphrase(session);
}

}  // namespace nacre::cli
