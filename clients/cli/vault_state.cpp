#include "clients/cli/vault_state.h"

#include "clients/common/passphrase.h"
#include "clients/common/token_file.h"

namespace nacre::cli {

std::optional<ExitCode> get_status(Session& session, v1::GetStatusResponse& status) {
    const auto call = session.channel().call();
    const grpc::Status answer = session.stub<v1::VaultService>()->GetStatus(call.get(), {}, &status);
    if (!answer.ok()) return session.fail(answer);
    return std::nullopt;
}

Result<Passphrase> ask_passphrase(const Session& session, std::string_view question) {
    const int fd = session.arguments().passphrase_fd;
    if (fd >= 0) return Passphrase::read_line(fd);
    return client::prompt_passphrase(question);
}

ExitCode fail_passphrase(const Session& session, const Error& error) {
    if (error.code == ErrorCode::invalid_argument) {
        return session.fail(error.code, "A passphrase has 1 to 1024 bytes; nothing was changed.");
    }
    if (error.code == ErrorCode::unavailable) {
        return session.fail(ErrorCode::invalid_argument,
                            "There is no terminal to ask for the passphrase: give it with "
                            "--passphrase-fd.");
    }
    return session.fail(error, "The passphrase");
}

std::optional<ExitCode> keep_token(const Session& session, const std::string& token) {
    const auto& file = session.places().token_file;
    if (client::write_token(file, token).ok()) return std::nullopt;
    return session.fail(ErrorCode::io_failed,
                        "The vault is open, but the token could not be kept. Write this into " +
                            file.native() + " (mode 600): " + token);
}

}  // namespace nacre::cli
