#include "daemon/base/descriptor.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace nacre::daemon {
namespace {

Result<std::pair<Descriptor, Descriptor>> pair_of(int type) {
    int ends[2];
    if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) != 0)
        return os_error("socketpair", errno);
    return std::pair{Descriptor{ends[0]}, Descriptor{ends[1]}};
}

}  // namespace

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
    if (this != &other) {
        reset();
        fd_ = other.release();
    }
    return *this;
}

void Descriptor::reset() {
    // After EINTR Linux has closed it all the same; a second close could hit another's descriptor.
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

Result<Descriptor> Descriptor::duplicate() const {
    const int copy = fcntl(fd_, F_DUPFD_CLOEXEC, 0);
    if (copy < 0) return os_error("duplicate descriptor", errno);
    return Descriptor{copy};
}

Result<void> read_exact(int fd, std::span<std::uint8_t> into) {
    while (!into.empty()) {
        const ssize_t count = ::read(fd, into.data(), into.size());
        if (count == 0) return Error{ErrorCode::unavailable, "read: early end"};
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && errno == ECONNRESET) return Error{ErrorCode::unavailable, "read", errno};
        if (count < 0) return os_error("read", errno);
        into = into.subspan(static_cast<std::size_t>(count));
    }
    return {};
}

Result<void> write_all(int fd, ByteView bytes) {
    while (!bytes.empty()) {
        const ssize_t count = ::write(fd, bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && (errno == EPIPE || errno == ECONNRESET)) {
            return Error{ErrorCode::unavailable, "write", errno};
        }
        if (count < 0) return os_error("write", errno);
        bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
    return {};
}

Result<std::pair<Descriptor, Descriptor>> stream_pair() { return pair_of(SOCK_STREAM); }

Result<std::pair<Descriptor, Descriptor>> seqpacket_pair() { return pair_of(SOCK_SEQPACKET); }

}  // namespace nacre::daemon
