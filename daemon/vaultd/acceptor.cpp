#include "daemon/vaultd/acceptor.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "api/base/log.h"
#include "sandbox/peer.h"

namespace nacre::vaultd {
namespace {

constexpr int kSendBuffer = 32 << 10;  // bytes; the kernel doubles it
// How long to leave the queue alone when there are no descriptors or memory to accept with.
constexpr int kPauseMs = 200;

bool is_exhaustion(int error) {
    return error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS;
}

}  // namespace

Acceptor::Acceptor(daemon::Descriptor listening, daemon::Descriptor wake, PeerRule peers,
                   bool nonblocking, Take take)
    : listening_{std::move(listening)},
      wake_{std::move(wake)},
      peers_{std::move(peers)},
      nonblocking_{nonblocking},
      take_{std::move(take)} {}

Result<std::unique_ptr<Acceptor>> Acceptor::start(daemon::Descriptor listening, PeerRule peers,
                                                  bool nonblocking, Take take) {
    // Nonblocking, because a connection may be gone between poll and accept. The flag belongs to
    // the open file and so to our successor too, who wants it as well.
    const int flags = fcntl(listening.get(), F_GETFL);
    if (flags < 0 || fcntl(listening.get(), F_SETFL, flags | O_NONBLOCK) < 0) {
        return os_error("listening socket", errno);
    }
    daemon::Descriptor wake{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    if (!wake) return os_error("eventfd", errno);
    std::unique_ptr<Acceptor> acceptor{new Acceptor{std::move(listening), std::move(wake),
                                                    std::move(peers), nonblocking,
                                                    std::move(take)}};
    try {
        acceptor->thread_ = std::thread{[self = acceptor.get()] { self->run(); }};
    } catch (const std::system_error&) {
        return Error{ErrorCode::resource_exhausted, "accept thread"};
    }
    return acceptor;
}

void Acceptor::stop() {
    if (!thread_.joinable()) return;
    const std::uint64_t one = 1;
    // Cannot fail: the counter is nowhere near its end.
    [[maybe_unused]] const auto written = ::write(wake_.get(), &one, sizeof one);
    thread_.join();
}

void Acceptor::run() {
    pollfd ready[2] = {{wake_.get(), POLLIN, 0}, {listening_.get(), POLLIN, 0}};
    bool paused = false;
    for (;;) {
        if (poll(ready, paused ? 1 : 2, paused ? kPauseMs : -1) < 0 && errno != EINTR) return;
        if (ready[0].revents != 0) return;
        paused = !accept_one();
    }
}

// False when there is nothing left to accept with for now.
bool Acceptor::accept_one() {
    const int flags = SOCK_CLOEXEC | (nonblocking_ ? SOCK_NONBLOCK : 0);
    daemon::Descriptor connection{accept4(listening_.get(), nullptr, nullptr, flags)};
    if (!connection) {
        const int error = errno;
        if (!is_exhaustion(error)) return true;
        log::write(log::Level::warning, "accept", os_error("accept4", error));
        return false;
    }
    const Result<Peer> peer = check_peer(connection.get(), peers_.also, peers_.groups);
    if (!peer.ok()) {
        log::write(log::Level::warning, "peer refused", peer.error());
        return true;
    }
    // What waits there is plaintext that no wipe reaches; a small buffer holds little of it.
    const int size = kSendBuffer;
    (void)setsockopt(connection.get(), SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    take_(std::move(connection));
    return true;
}

}  // namespace nacre::vaultd
