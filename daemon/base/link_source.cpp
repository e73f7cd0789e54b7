#include "daemon/base/link_source.h"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "api/base/log.h"
#include "daemon/base/control.h"
#include "sandbox/peer.h"

namespace nacre::daemon {
namespace {

// Waits until `fd` has something; canceled when `stop_fd` comes first.
Result<void> wait_for(int fd, int stop_fd) {
    std::array<pollfd, 2> items{pollfd{stop_fd, POLLIN, 0}, pollfd{fd, POLLIN, 0}};
    while (poll(items.data(), items.size(), -1) < 0) {
        if (errno != EINTR) return os_error("wait for a link", errno);
    }
    if (items[0].revents != 0) return Error{ErrorCode::canceled, "wait for a link: stopping"};
    return {};
}

}  // namespace

Result<Descriptor> ControlLinkSource::next(int stop_fd) {
    for (;;) {
        NACRE_TRY(wait_for(control_, stop_fd));
        auto message = NACRE_TRY(receive_control(control_));
        if (!message) return Error{ErrorCode::canceled, "wait for a link: nacred is gone"};
        if (message->kind == ControlKind::link) return std::move(message->descriptor);
    }
}

Result<Descriptor> ListenerLinkSource::next(int stop_fd) {
    for (;;) {
        NACRE_TRY(wait_for(listener_.get(), stop_fd));
        Descriptor socket{accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
        if (!socket) {
            if (errno == EINTR || errno == ECONNABORTED || errno == EAGAIN) continue;
            return os_error("accept link", errno);
        }
        const Result<Peer> peer = check_peer(socket.get(), allowed_);
        if (peer.ok()) return socket;
        log::write(log::Level::warning, "link refused", peer.error());
    }
}

Result<std::unique_ptr<LinkSource>> vault_link_source(const Supervision& supervision,
                                                      ListenFds& listen_fds,
                                                      std::vector<uid_t> allowed) {
    if (supervision.control() >= 0) {
        return std::unique_ptr<LinkSource>{new ControlLinkSource{supervision.control()}};
    }
    Descriptor listener = listen_fds.take("link");
    if (!listener) return Error{ErrorCode::not_found, "neither control nor link descriptor"};
    return std::unique_ptr<LinkSource>{
        new ListenerLinkSource{std::move(listener), std::move(allowed)}};
}

}  // namespace nacre::daemon
