#include "daemon/sentry/lock_request.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "api/base/log.h"

namespace nacre::sentry {
namespace {

constexpr char kLock = 'L';
constexpr std::uint64_t kRetryUs = 20'000;

// Zero or an errno.
int connect_to(int socket, const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) return ENAMETOOLONG;
    path.copy(address.sun_path, path.size());
    const auto* generic = reinterpret_cast<const sockaddr*>(&address);
    return connect(socket, generic, sizeof address) == 0 ? 0 : errno;
}

}  // namespace

void LockRequest::send(Wiped wiped) {
    if (wiped) waiting_.push_back(std::move(wiped));
    if (under_way_) return;
    under_way_ = true;
    attempt();
}

void LockRequest::attempt() {
    socket_ = daemon::Descriptor{socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    if (!socket_) {
        log::write(log::Level::error, "lock socket", os_error("socket", errno));
        return retry_soon();
    }
    const int failed = connect_to(socket_.get(), path_.string());
    // The queue of connections is full.
    if (failed == EAGAIN || failed == EINTR) return retry_soon();
    if (failed != 0) {
        log::write(log::Level::warning, "lock socket", os_error("connect", failed));
        return done();
    }
    // One byte fits; a locked vaultd has closed its end by now or does so in a moment.
    if (::send(socket_.get(), &kLock, sizeof kLock, MSG_NOSIGNAL) != 1) return done();
    wait_for_end();
}

void LockRequest::wait_for_end() {
    const auto ended = [](sd_event_source*, int, std::uint32_t, void* self) {
        static_cast<LockRequest*>(self)->done();
        return 0;
    };
    sd_event_source* source = nullptr;
    const int added = sd_event_add_io(event_, &source, socket_.get(), EPOLLIN, ended, this);
    source_.reset(source);
    if (added < 0) retry_soon();
}

void LockRequest::retry_soon() {
    const auto again = [](sd_event_source*, std::uint64_t, void* self) {
        static_cast<LockRequest*>(self)->attempt();
        return 0;
    };
    socket_.reset();
    sd_event_source* source = nullptr;
    const int added = sd_event_add_time_relative(event_, &source, CLOCK_BOOTTIME, kRetryUs, 1,
                                                 again, this);
    source_.reset(source);
    if (added < 0) done();
}

void LockRequest::done() {
    source_.reset();
    socket_.reset();
    under_way_ = false;
    for (const Wiped& wiped : std::exchange(waiting_, {})) wiped();
}

}  // namespace nacre::sentry
