#include "daemon/base/control.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace nacre::daemon {
namespace {

union DescriptorSpace {
    cmsghdr aligned;
    char bytes[CMSG_SPACE(sizeof(int))];
};

bool known(char kind) { return kind != '\0' && std::strchr("LRKFWUX", kind) != nullptr; }

bool carries_descriptor(ControlKind kind) {
    return kind == ControlKind::link || kind == ControlKind::keep_login;
}

// The kernel has already put them into this process: whatever came is kept or closed here. More
// than one (the space has room for two) counts as none.
Descriptor received_descriptor(msghdr& message) {
    Descriptor received;
    std::size_t count = 0;
    for (cmsghdr* item = CMSG_FIRSTHDR(&message); item != nullptr;
         item = CMSG_NXTHDR(&message, item)) {
        if (item->cmsg_level != SOL_SOCKET || item->cmsg_type != SCM_RIGHTS) continue;
        const std::size_t bytes = item->cmsg_len - CMSG_LEN(0);
        for (std::size_t at = 0; at + sizeof(int) <= bytes; at += sizeof(int), ++count) {
            int fd = -1;
            std::memcpy(&fd, CMSG_DATA(item) + at, sizeof fd);
            received = Descriptor{fd};
        }
    }
    return count == 1 ? std::move(received) : Descriptor{};
}

}  // namespace

Result<void> send_control(int socket, ControlKind kind, int descriptor) {
    if (carries_descriptor(kind) != (descriptor >= 0)) {
        return Error{ErrorCode::internal, "send control: descriptor"};
    }
    char byte = static_cast<char>(kind);
    iovec data{&byte, 1};
    DescriptorSpace space{};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    if (descriptor >= 0) {
        message.msg_control = space.bytes;
        message.msg_controllen = sizeof space.bytes;
        cmsghdr* item = CMSG_FIRSTHDR(&message);
        item->cmsg_level = SOL_SOCKET;
        item->cmsg_type = SCM_RIGHTS;
        item->cmsg_len = CMSG_LEN(sizeof(int));
        std::memcpy(CMSG_DATA(item), &descriptor, sizeof descriptor);
    }
    while (sendmsg(socket, &message, MSG_NOSIGNAL) < 0) {
        if (errno == EINTR) continue;
        if (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN) {
            return Error{ErrorCode::unavailable, "send control", errno};
        }
        return os_error("send control", errno);
    }
    return {};
}

Result<std::optional<ControlMessage>> receive_control(int socket) {
    char bytes[2];
    iovec data{bytes, sizeof bytes};
    DescriptorSpace space{};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = space.bytes;
    message.msg_controllen = sizeof space.bytes;
    ssize_t count = 0;
    while ((count = recvmsg(socket, &message, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR) {
    }
    if (count < 0 && errno == ECONNRESET) return std::optional<ControlMessage>{};
    if (count < 0) return os_error("receive control", errno);
    Descriptor descriptor = received_descriptor(message);
    if (count == 0) return std::optional<ControlMessage>{};
    const auto kind = static_cast<ControlKind>(bytes[0]);
    const bool whole = (message.msg_flags & (MSG_CTRUNC | MSG_TRUNC)) == 0;
    if (count != 1 || !whole || !known(bytes[0]) ||
        carries_descriptor(kind) != static_cast<bool>(descriptor)) {
        return Error{ErrorCode::bad_message, "receive control"};
    }
    return std::optional<ControlMessage>{ControlMessage{kind, std::move(descriptor)}};
}

}  // namespace nacre::daemon
