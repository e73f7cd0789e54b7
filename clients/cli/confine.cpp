#include "clients/cli/confine.h"

#include "sandbox/filter.h"
#include "sandbox/landlock.h"

namespace nacre::cli {
namespace {

namespace fs = std::filesystem;

// systemd's programs, and nacre-slot with a TPM's libraries, cannot live under the command's rules, which
// children inherit. A verb of slots meets a TPM's among them before it knows.
bool starts_programs(const Arguments& arguments) {
    return arguments.verb == "service" || arguments.verb == "slot" || arguments.with_tpm;
}

bool makes_token(const Arguments& arguments) {
    return arguments.verb == "init" || (arguments.verb == "unlock" && arguments.new_token);
}

// The folder, or what there is of it: the rest may have to be made.
fs::path existing(fs::path folder) {
    std::error_code failed;
    if (folder.empty()) folder = ".";
    while (!fs::exists(folder, failed) && folder.has_relative_path()) folder = folder.parent_path();
    return folder;
}

}  // namespace

Result<void> restrict_paths(const Arguments& arguments) {
    if (starts_programs(arguments)) return {};
    sandbox::Grants grants;
    // Names that are wrong are complained of later.
    if (const auto places = client::find_places(arguments.places); places.ok()) {
        const fs::path& token = places->token_file;
        grants.places.push_back(makes_token(arguments)
                                    ? sandbox::Place{"write", existing(token.parent_path())}
                                    : sandbox::Place{"read", token});
    }
    if (!arguments.with_key_file.empty())
        grants.places.push_back({"read", arguments.with_key_file});
    if (!arguments.credential_file.empty() && arguments.credential_file != "-") {
        const fs::path folder = fs::path{arguments.credential_file}.parent_path();
        grants.places.push_back({"write", existing(folder)});
    }
    NACRE_TRY(sandbox::restrict_access(sandbox::Process::command, grants));
    return {};
}

Result<void> filter_calls(const Arguments& arguments) {
    if (starts_programs(arguments)) return {};
    NACRE_TRY(sandbox::filter_calls(sandbox::Process::command));
    return {};
}

}  // namespace nacre::cli
