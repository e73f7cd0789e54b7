#include "daemon/link/outbound_queue.h"

#include <sys/socket.h>

#include <cerrno>

namespace nacre::link {
namespace {

Result<void> send_all(int socket, ByteView bytes) {
    while (!bytes.empty()) {
        const ssize_t count = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (count >= 0) bytes = bytes.subspan(static_cast<std::size_t>(count));
        else if (errno != EINTR) return Error{ErrorCode::unavailable, "write link", errno};
    }
    return {};
}

}  // namespace

Result<void> OutboundQueue::push(const Frame& frame, Deadline deadline) {
    std::unique_lock lock{mutex_};
    const auto free = [this] { return closed_ || bytes_.size() < most_bytes_; };
    if (deadline == Deadline::max()) {
        room_.wait(lock, free);
    } else if (!room_.wait_until(lock, deadline, free)) {
        return Error{ErrorCode::timed_out, "wait to write link"};
    }
    if (closed_) return Error{ErrorCode::unavailable, "write link: closed"};
    NACRE_TRY(encode(frame, bytes_));
    work_.notify_one();
    return {};
}

Result<void> OutboundQueue::push_at_once(const Frame& frame) {
    const std::lock_guard lock{mutex_};
    if (closed_) return Error{ErrorCode::unavailable, "write link: closed"};
    if (bytes_.size() >= 2 * most_bytes_) {
        return Error{ErrorCode::resource_exhausted, "write link: the other side does not read"};
    }
    NACRE_TRY(encode(frame, bytes_));
    work_.notify_one();
    return {};
}

Result<void> OutboundQueue::write_to(int socket) {
    std::string taken;
    for (;;) {
        {
            std::unique_lock lock{mutex_};
            work_.wait(lock, [this] { return closed_ || !bytes_.empty(); });
            if (closed_) return {};
            taken.clear();
            taken.swap(bytes_);
        }
        room_.notify_all();
        NACRE_TRY(send_all(socket, as_bytes(taken)));
    }
}

void OutboundQueue::close() {
    {
        const std::lock_guard lock{mutex_};
        closed_ = true;
        bytes_.clear();
    }
    room_.notify_all();
    work_.notify_all();
}

}  // namespace nacre::link
