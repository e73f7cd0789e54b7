// nacre courier credential: the courier's login, for systemd-creds.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "api/status_map.h"
#include "clients/cli/commands.h"
#include "clients/cli/secret_source.h"
#include "clients/common/closing.h"
#include "clients/common/key_file.h"
#include "clients/common/passphrase.h"
#include "nacre/v1/linking.grpc.pb.h"

namespace nacre::cli {
namespace {

constexpr char kStandardOutput[] = "-";

bool is_pipe(const std::string& path) {
    struct stat about {};
    return stat(path.c_str(), &about) == 0 && S_ISFIFO(about.st_mode);
}

// Before anybody types a passphrase.
std::optional<ExitCode> check_place(const Session& session) {
    const std::string& place = session.arguments().credential_file;
    if (place == kStandardOutput) {
        if (isatty(STDOUT_FILENO) == 0) return std::nullopt;
        return session.fail(ErrorCode::invalid_argument,
                            "It is not for a terminal: pipe it into systemd-creds, or name a file.");
    }
    if (access(place.c_str(), F_OK) != 0 || is_pipe(place)) return std::nullopt;
    return session.fail(ErrorCode::already_exists, "That file is there already.");
}

Result<void> write_all(int fd, ByteView bytes) {
    while (!bytes.empty()) {
        const ssize_t count = write(fd, bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return os_error("write the login", errno);
        bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
    return {};
}

Result<void> write_login(const std::string& place, ByteView login) {
    if (place == kStandardOutput) return write_all(STDOUT_FILENO, login);
    if (!is_pipe(place)) return client::write_secret_file(place, login);
    const int fd = open(place.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) return os_error("open the pipe", errno);
    const client::Closing closing{fd};
    return write_all(fd, login);
}

void warn(const Session& session) {
    session.output().note(
        "Whoever has this login is this device to the server, until the phone removes the device: they "
        "can take and acknowledge what waits there, which is lost to you then. They cannot read it, "
        "nor write messages in your name.");
}

void say_how_to_go_on(const Session& session) {
    const std::string& place = session.arguments().credential_file;
    if (session.output().json()) {
        JsonObject object;
        if (place != kStandardOutput) session.output().object(object.add("file", place));
        return;
    }
    if (place == kStandardOutput || is_pipe(place)) return;
    session.output().line("Written. Now encrypt it for this machine, and remove the file:\n"
                          "  systemd-creds encrypt --name=nacre.login " + place +
                          " /etc/credstore.encrypted/nacre.login\n"
                          "and restart the courier's service; one that is not nacre's own needs the line "
                          "LoadCredentialEncrypted=nacre.login.\n"
                          "A new link makes it worthless; 'nacre status' says whether it is good.");
}

ExitCode fail(Session& session, const grpc::Status& status) {
    switch (api::from_status(status)) {
        case ErrorCode::rate_limited: return fail_waiting(session);
        case ErrorCode::wrong_passphrase:
            return session.fail(ErrorCode::wrong_passphrase, "That does not open the vault.");
        default: return session.fail(status);
    }
}

// The secret that is asked for. Nothing: it is sent.
std::optional<ExitCode> show_secret(Session& session, const v1::SecretNeeded& needed) {
    const auto secret = ask_current_secret(session, "Passphrase of the vault: ");
    if (const auto* failed = std::get_if<ExitCode>(&secret)) return *failed;
    const auto sent = client::send_passphrase(session.places().secret_socket, needed.ticket(),
                                              *std::get_if<Passphrase>(&secret));
    if (!sent.ok()) return session.fail(sent.error(), "The daemon's secret socket");
    return std::nullopt;
}

ExitCode credential(Session& session) {
    if (const auto failed = check_place(session)) return *failed;
    warn(session);
    const auto call = session.channel().endless_call();
    const auto stub = session.stub<v1::LinkingService>();
    const auto stream = stub->ExportLogin(call.get(), {});
    v1::ExportLoginResponse reply;
    std::string login;
    while (stream->Read(&reply)) {
        if (!reply.progress().empty()) session.output().note(reply.progress());
        if (reply.has_login()) login = reply.login();
        if (!reply.has_secret()) continue;
        if (const auto failed = show_secret(session, reply.secret())) {
            call->TryCancel();
            return *failed;
        }
    }
    if (const auto done = stream->Finish(); !done.ok()) return fail(session, done);
    const auto written = write_login(session.arguments().credential_file, as_bytes(login));
    if (!written.ok()) return session.fail(written.error(), "The login's file");
    say_how_to_go_on(session);
    return ExitCode::success;
}

}  // namespace

ExitCode cmd_courier(Session& session) { return credential(session); }

}  // namespace nacre::cli
