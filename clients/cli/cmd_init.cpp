// nacre init: makes the vault, and keeps this client's token.
#include <unistd.h>

#include "api/status_map.h"
#include "clients/cli/commands.h"
#include "clients/cli/secret_source.h"
#include "clients/cli/vault_state.h"
#include "clients/common/passphrase.h"
#include "clients/common/token_file.h"

namespace nacre::cli {
namespace {

// Better to learn of an unwritable folder before there is a vault that only this token opens up.
bool can_keep_token(const std::filesystem::path& token_file) {
    std::filesystem::path probe = token_file;
    probe += ".probe";
    if (!client::write_token(probe, "probe").ok()) return false;
    return unlink(probe.c_str()) == 0;
}

ExitCode report(Session& session, const v1::VaultCreated& created) {
    if (const auto failed = keep_token(session, created.token())) return *failed;
    if (session.output().json()) {
        JsonObject object;
        object.add("state", "created")
            .add("kdfMemoryMib", created.kdf_memory_mib())
            .add("kdfPasses", created.kdf_passes())
            .add("tokenFile", session.places().token_file.native());
        session.output().object(object);
        return ExitCode::success;
    }
    session.output().line("The vault is made and open. Each guess at its passphrase costs " +
                          std::to_string(created.kdf_memory_mib()) + " MiB of memory.");
    session.output().line("There is no way in without the passphrase: keep it safe, or add a recovery "
                          "key (nacre slot add --recovery-key). Next: nacre link");
    return ExitCode::success;
}

}  // namespace

ExitCode cmd_init(Session& session) {
    v1::GetStatusResponse status;
    if (const auto failed = get_status(session, status)) return *failed;
    if (status.vault() != v1::GetStatusResponse::VAULT_STATE_NONE) {
        return session.fail(ErrorCode::already_exists,
                            "There is a vault already; nothing was changed.");
    }
    if (!can_keep_token(session.places().token_file)) {
        return session.fail(ErrorCode::permission_denied,
                            "The token could not be kept at " +
                                session.places().token_file.native() +
                                ": make the folder writable, or name another file with "
                                "--token-file. Nothing was made.");
    }
    const SecretOrExit asked = ask_new_passphrase(session, "Passphrase for the new vault: ");
    if (const auto* failed = std::get_if<ExitCode>(&asked)) return *failed;
    const auto* const passphrase = std::get_if<Passphrase>(&asked);

    v1::CreateVaultRequest request;
    request.set_client_name(kClientName);
    const auto call = session.channel().endless_call();
    const auto stub = session.stub<v1::VaultService>();
    const auto stream = stub->CreateVault(call.get(), request);
    v1::VaultCreated created;
    v1::CreateVaultResponse reply;
    while (stream->Read(&reply)) {
        if (reply.has_ticket()) {
            const Result<void> sent = client::send_passphrase(session.places().secret_socket,
                                                              reply.ticket(), *passphrase);
            if (!sent.ok()) {
                call->TryCancel();
                return session.fail(sent.error(), "The daemon's secret socket");
            }
        }
        if (!reply.progress().empty()) session.output().note(reply.progress());
        if (reply.has_created()) created = reply.created();
    }
    const grpc::Status done = stream->Finish();
    if (!done.ok()) return session.fail(done);
    return report(session, created);
}

}  // namespace nacre::cli
