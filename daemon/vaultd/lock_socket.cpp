#include "daemon/vaultd/lock_socket.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "api/base/log.h"
#include "sandbox/peer.h"

namespace nacre::vaultd {
namespace {

constexpr int kPauseMs = 200;

bool is_exhaustion(int error) {
    return error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS;
}

}  // namespace

LockSocket::LockSocket(daemon::Descriptor listening, daemon::Descriptor wake, PeerRule peers,
                       Vault vault)
    : listening_{std::move(listening)},
      wake_{std::move(wake)},
      peers_{std::move(peers)},
      vault_{std::move(vault)} {}

Result<std::unique_ptr<LockSocket>> LockSocket::start(daemon::Descriptor listening, PeerRule peers,
                                                      Vault vault) {
    const int flags = fcntl(listening.get(), F_GETFL);
    if (flags < 0 || fcntl(listening.get(), F_SETFL, flags | O_NONBLOCK) < 0) {
        return os_error("lock socket", errno);
    }
    daemon::Descriptor wake{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    if (!wake) return os_error("eventfd", errno);
    std::unique_ptr<LockSocket> made{new LockSocket{std::move(listening), std::move(wake),
                                                    std::move(peers), std::move(vault)}};
    try {
        made->thread_ = std::thread{[self = made.get()] { self->run(); }};
    } catch (const std::system_error&) {
        return Error{ErrorCode::resource_exhausted, "lock socket's thread"};
    }
    return made;
}

LockSocket::~LockSocket() {
    if (!thread_.joinable()) return;
    (void)eventfd_write(wake_.get(), 1);
    thread_.join();
}

void LockSocket::run() {
    for (;;) {
        // A descriptor of -1 is passed over.
        std::vector<pollfd> items{{wake_.get(), POLLIN, 0},
                                  {paused_ ? -1 : listening_.get(), POLLIN, 0}};
        for (const auto& connection : silent_) items.push_back({connection.get(), POLLIN, 0});
        const int ready = poll(items.data(), items.size(), paused_ ? kPauseMs : -1);
        paused_ = false;
        if (ready < 0 && errno != EINTR) return;
        if (ready <= 0) continue;
        if (items[0].revents != 0) return;
        // From behind: serving one takes it out.
        for (std::size_t at = items.size(); at-- > 2;) {
            if (items[at].revents != 0) serve(at - 2);
        }
        if (items[1].revents != 0) accept_one();
    }
}

void LockSocket::accept_one() {
    daemon::Descriptor connection{
        accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)};
    if (!connection) {
        paused_ = is_exhaustion(errno);
        return;
    }
    const Result<Peer> peer = check_peer(connection.get(), peers_.also, peers_.groups);
    if (!peer.ok()) return log::write(log::Level::warning, "peer refused", peer.error());
    if (vault_.nothing_to_lock()) return;
    if (silent_.size() >= kMostSilent) silent_.erase(silent_.begin());
    silent_.push_back(std::move(connection));
}

void LockSocket::serve(std::size_t which) {
    char byte = 0;
    const ssize_t count = read(silent_[which].get(), &byte, sizeof byte);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    daemon::Descriptor connection = std::move(silent_[which]);
    silent_.erase(silent_.begin() + static_cast<std::ptrdiff_t>(which));
    if (count <= 0) return;
    if (vault_.lock().ok()) waiting_.push_back(std::move(connection));
    log::write(log::Level::info, "asked to lock");
}

}  // namespace nacre::vaultd
