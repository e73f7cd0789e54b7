// nacre panic: locks, and destroys what opens the vault if the daemon is configured so. Asks nothing,
// and needs no token that works: whatever is wrong with it, the vault is locked.
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>

#include "api/status_map.h"
#include "clients/cli/commands.h"
#include "nacre/v1/vault.grpc.pb.h"

namespace nacre::cli {
namespace {

constexpr std::chrono::seconds kPatience{10};

// The daemon's lock socket, beside its API: one byte locks, end of file says that it is done.
bool lock_without_token(const std::filesystem::path& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string& name = path.native();
    if (name.size() >= sizeof address.sun_path) return false;
    name.copy(address.sun_path, name.size());
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return false;
    const timeval patience{kPatience.count(), 0};
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    char byte = 'L';
    bool done = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    if (done && send(fd, &byte, 1, MSG_NOSIGNAL) == 1) {
        done = recv(fd, &byte, 1, 0) == 0 || errno == ECONNRESET;
    }
    close(fd);
    return done;
}

ExitCode report(const Session& session, bool destroyed) {
    if (session.output().json()) {
        JsonObject object;
        object.add("state", "locked").add("slotsDestroyed", destroyed);
        session.output().object(object);
    } else {
        session.output().line(destroyed ? "The vault is locked, and nothing opens it any more."
                                        : "The vault is locked.");
    }
    return ExitCode::success;
}

}  // namespace

ExitCode cmd_panic(Session& session) {
    v1::PanicResponse reply;
    const auto call = session.channel().call(kPatience);
    const grpc::Status done = session.stub<v1::VaultService>()->Panic(call.get(), {}, &reply);
    const ErrorCode code = done.ok() ? ErrorCode::unavailable : api::from_status(done);
    if (code == ErrorCode::no_vault) return session.fail(done);
    const bool ended = code == ErrorCode::unavailable || code == ErrorCode::canceled;
    if (!ended) (void)lock_without_token(session.places().api_socket.parent_path() / "lock.sock");
    if (!wait_until_locked(session)) {
        return session.fail(ErrorCode::timed_out,
                            "Locking was asked for, but no locked daemon answers: see its journal.");
    }
    if (done.ok()) return report(session, reply.slots_destroyed());
    // The process may have taken its answer with it; then nobody knows.
    return session.fail(ended ? ErrorCode::unavailable : code,
                        ended ? "The vault is locked. Whether its slots were destroyed, if configured, "
                                "the daemon's journal says."
                              : "The vault is locked. Its slots were not destroyed, if that is "
                                "configured.");
}

}  // namespace nacre::cli
