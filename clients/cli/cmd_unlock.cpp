// nacre unlock: opens the vault with its passphrase.
#include <chrono>
#include <limits>
#include <optional>
#include <thread>

#include "api/status_map.h"
#include "clients/cli/commands.h"
#include "clients/cli/secret_source.h"
#include "clients/cli/tpm_source.h"
#include "clients/cli/vault_state.h"
#include "clients/common/passphrase.h"

namespace nacre::cli {
namespace {

constexpr int kTries = 3;
constexpr std::string_view kUnknownTpmSecret =
    "The TPM gave its secret, but no slot opens with it: the slot was removed, or the vault is another.";

struct Attempt {
    grpc::Status status;
    Result<void> sent;
    v1::VaultUnlocked unlocked;
};

Attempt attempt(Session& session, const Passphrase& passphrase) {
    v1::UnlockRequest request;
    request.set_accept_older_header(session.arguments().accept_older_header);
    if (session.arguments().new_token) request.set_client_name(kClientName);
    const auto call = session.channel().endless_call();
    const auto stub = session.stub<v1::VaultService>();
    const auto stream = stub->Unlock(call.get(), request);
    Attempt result;
    v1::UnlockResponse reply;
    while (stream->Read(&reply)) {
        if (reply.has_ticket()) {
            result.sent = client::send_passphrase(session.places().secret_socket, reply.ticket(),
                                                  passphrase);
            if (!result.sent.ok()) call->TryCancel();
        }
        if (!reply.progress().empty()) session.output().note(reply.progress());
        if (reply.has_unlocked()) result.unlocked = reply.unlocked();
    }
    result.status = stream->Finish();
    return result;
}

void say_left(const Session& session, std::uint64_t waiting) {
    if (session.output().json()) {
        JsonObject object;
        object.add("waitingEnvelopes", waiting);
        session.output().object(object);
    } else if (waiting == 0) {
        session.output().line("All of them are in the vault.");
    } else {
        session.output().line(std::to_string(waiting) + " left.");
    }
}

using Waiting = std::optional<std::uint64_t>;

template <class Reply>
Waiting waiting_of(const Reply& reply) {
    return reply.has_waiting_envelopes() ? Waiting{reply.waiting_envelopes()} : Waiting{};
}

// Each time that a tenth less is left. The courier may have to tell first.
ExitCode follow(Session& session, Waiting waiting) {
    if (!waiting) session.output().note("Asking nacre-courier what waits.");
    std::uint64_t said = waiting.value_or(std::numeric_limits<std::uint64_t>::max());
    while (waiting != 0) {
        std::this_thread::sleep_for(std::chrono::milliseconds{100});
        v1::GetStatusResponse status;
        if (const auto failed = get_status(session, status)) return *failed;
        if (status.vault() != v1::GetStatusResponse::VAULT_STATE_UNLOCKED) {
            return session.fail(ErrorCode::vault_locked);
        }
        waiting = waiting_of(status);
        if (!waiting || (*waiting != 0 && *waiting >= said - said / 10)) continue;
        said = *waiting;
        say_left(session, said);
    }
    return ExitCode::success;
}

ExitCode report(Session& session, Waiting waiting, std::string_view sentence) {
    if (session.output().json()) {
        JsonObject object;
        object.add("state", "unlocked");
        if (waiting) object.add("waitingEnvelopes", *waiting);
        session.output().object(object);
        return session.arguments().wait ? follow(session, waiting) : ExitCode::success;
    }
    std::string line{sentence};
    if (waiting == 1U) line += " One envelope that came meanwhile is being taken in.";
    if (waiting > 1U) {
        line += ' ';
        line += std::to_string(*waiting);
        line += " envelopes that came meanwhile are being taken in.";
    }
    session.output().line(line);
    return session.arguments().wait ? follow(session, waiting) : ExitCode::success;
}

}  // namespace

ExitCode cmd_unlock(Session& session) {
    v1::GetStatusResponse status;
    if (const auto failed = get_status(session, status)) return *failed;
    if (status.vault() == v1::GetStatusResponse::VAULT_STATE_UNLOCKED) {
        if (session.arguments().new_token) {
            return session.fail(ErrorCode::permission_denied,
                                "The vault is open, and only its passphrase gets a new token: lock "
                                "it or restart the daemon first.");
        }
        return report(session, waiting_of(status), "The vault is open already.");
    }
    if (status.vault() == v1::GetStatusResponse::VAULT_STATE_NONE) {
        return session.fail(ErrorCode::no_vault);
    }
    if (status.wait_seconds() > 0) return fail_waiting(session);
    const Arguments& arguments = session.arguments();
    const bool at_terminal =
        arguments.passphrase_fd < 0 && arguments.with_key_file.empty() && !arguments.with_tpm;
    for (int i = 1;; ++i) {
        const SecretOrExit asked = ask_current_secret(session, "Passphrase: ");
        if (const auto* failed = std::get_if<ExitCode>(&asked)) return *failed;
        const auto* const passphrase = std::get_if<Passphrase>(&asked);
        const Attempt result = attempt(session, *passphrase);
        if (!result.sent.ok()) {
            return session.fail(result.sent.error(), "The daemon's secret socket");
        }
        if (result.status.ok()) {
            const std::string& token = result.unlocked.token();
            if (!token.empty()) {
                if (const auto failed = keep_token(session, token)) return *failed;
            }
            return report(session, waiting_of(result.unlocked), "The vault is open.");
        }
        if (api::from_status(result.status) == ErrorCode::rate_limited) return fail_waiting(session);
        const bool wrong = api::from_status(result.status) == ErrorCode::wrong_passphrase;
        if (wrong && arguments.with_tpm) {
            if (take_newer_tpm_slot(session)) continue;
            return session.fail(ErrorCode::wrong_passphrase, kUnknownTpmSecret);
        }
        if (!wrong || !at_terminal || i == kTries) return session.fail(result.status);
        session.output().note("The passphrase is wrong.");
    }
}

}  // namespace nacre::cli
