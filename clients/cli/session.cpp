#include "clients/cli/session.h"

#include <cstring>

#include "api/status_map.h"
#include "clients/common/error_text.h"
#include "clients/common/token_file.h"

namespace nacre::cli {

std::optional<ExitCode> Session::connect() {
    if (!found_.ok()) {
        const bool homeless = found_.error().code == ErrorCode::not_found;
        return fail(ErrorCode::invalid_argument,
                    homeless ? "There is no home folder: set HOME, or name --socket and --token-file."
                             : "That is no instance name: letters, digits, '-', '_' and '.', up to 64.");
    }
    // Without one, what needs a token will say so.
    Result<std::string> token = client::read_token(places().token_file);
    const bool whatever = arguments_.verb == "panic";  // goes on without one
    if (!whatever && !token.ok() && token.error().code == ErrorCode::permission_denied &&
        token.error().os_error == 0) {
        return fail(ErrorCode::permission_denied,
                    "Others may read the token file: chmod 600 " + places().token_file.native());
    }
    if (!whatever && !token.ok() && token.error().code != ErrorCode::not_found) {
        return fail(token.error(), "The token file " + places().token_file.native());
    }
    Result<client::Channel> channel =
        client::Channel::open(places().api_socket, token.ok() ? *token : std::string{});
    if (!channel.ok()) {
        if (channel.error().code == ErrorCode::unavailable) {
            return fail(ErrorCode::unavailable, client::kNoDaemon);
        }
        return fail(channel.error(), "The socket " + places().api_socket.native());
    }
    channel_.emplace(std::move(*channel));
    return std::nullopt;
}

ExitCode Session::fail(ErrorCode code) const { return fail(code, client::error_text(code)); }

ExitCode Session::fail(ErrorCode code, std::string_view sentence) const {
    const ExitCode exit = exit_code(code);
    output_.error(api::reason(code), sentence, static_cast<int>(exit));
    return exit;
}

ExitCode Session::fail(const Error& error, std::string_view about) const {
    std::string sentence{about};
    sentence += ": ";
    // NOLINTNEXTLINE(concurrency-mt-unsafe): one thread.
    sentence += error.os_error != 0 ? std::strerror(error.os_error)
                                    : std::string{client::error_text(error.code)};
    return fail(error.code, sentence);
}

ExitCode Session::fail(const grpc::Status& status) const {
    const ErrorCode code = api::from_status(status);
    // gRPC's own word for a connection that ended.
    if (code == ErrorCode::unavailable && status.error_details().empty()) {
        return fail(code,
                    "The daemon ended the connection: it was locked, stopped, or belongs to "
                    "another user. See 'nacre status'.");
    }
    return fail(code);
}

}  // namespace nacre::cli
