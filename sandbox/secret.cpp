#include "sandbox/secret.h"

#include <sodium.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace nacre {
namespace {

// One byte more than allowed, so that "too long" can be told from "just fits".
constexpr std::size_t kRoom = Passphrase::kMaxLength + 1;

Error receive_error(int os_errno) {
    if (os_errno == EAGAIN || os_errno == EWOULDBLOCK) {
        return {ErrorCode::timed_out, "receive a passphrase", os_errno};
    }
    if (os_errno == ECONNRESET || os_errno == EPIPE) {
        return {ErrorCode::unavailable, "receive a passphrase", os_errno};
    }
    return os_error("receive a passphrase", os_errno);
}

bool keeps_messages(int fd) {
    int type = 0;
    socklen_t length = sizeof type;
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) != 0) return false;
    return type == SOCK_SEQPACKET || type == SOCK_DGRAM;
}

// The part of `prefix` and `room` that is still unfilled after `done` bytes.
std::array<iovec, 2> rest_of(std::span<std::uint8_t> prefix, std::span<std::uint8_t> room,
                             std::size_t done) {
    const std::size_t in_prefix = std::min(done, prefix.size());
    const std::size_t in_room = done - in_prefix;
    return {iovec{prefix.data() + in_prefix, prefix.size() - in_prefix},
            iovec{room.data() + in_room, room.size() - in_room}};
}

Result<std::size_t> receive_message(int fd, std::array<iovec, 2> parts) {
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    ssize_t got = 0;
    do {
        got = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
    } while (got < 0 && errno == EINTR);
    if (got < 0) return receive_error(errno);
    if (got == 0) return Error{ErrorCode::unavailable, "receive a passphrase"};
    if ((message.msg_flags & MSG_TRUNC) != 0) {
        return Error{ErrorCode::invalid_argument, "receive a passphrase: too long"};
    }
    return static_cast<std::size_t>(got);
}

Result<std::size_t> read_to_end(int fd, std::span<std::uint8_t> prefix,
                                std::span<std::uint8_t> room) {
    std::size_t done = 0;
    while (done < prefix.size() + room.size()) {
        const auto parts = rest_of(prefix, room, done);
        const ssize_t got = readv(fd, parts.data(), parts.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return receive_error(errno);
        if (got == 0) break;
        done += static_cast<std::size_t>(got);
    }
    return done;
}

}  // namespace

Result<SecretMemory> SecretMemory::take(std::size_t size) {
    std::uint8_t* const data = NACRE_TRY(sandbox::arena_take(size));
    return SecretMemory{data, size};
}

bool equal_in_constant_time(ByteView a, ByteView b) {
    return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

void fill_with_random(std::span<std::uint8_t> bytes) {
    if (sodium_init() < 0) std::abort();
    randombytes_buf(bytes.data(), bytes.size());
}

Result<Passphrase> Passphrase::take(SecretMemory memory, std::size_t length) {
    if (length == 0) return Error{ErrorCode::invalid_argument, "take a passphrase: empty"};
    if (length > kMaxLength) {
        return Error{ErrorCode::invalid_argument, "take a passphrase: too long"};
    }
    return Passphrase{std::move(memory), length};
}

Result<Passphrase> Passphrase::receive(int fd, std::span<std::uint8_t> prefix) {
    SecretMemory memory = NACRE_TRY(SecretMemory::take(kRoom));
    const std::span<std::uint8_t> room{memory.data(), kRoom};
    const std::size_t got = keeps_messages(fd)
                                ? NACRE_TRY(receive_message(fd, rest_of(prefix, room, 0)))
                                : NACRE_TRY(read_to_end(fd, prefix, room));
    if (got < prefix.size()) {
        return Error{ErrorCode::invalid_argument, "receive a passphrase: too short"};
    }
    return take(std::move(memory), got - prefix.size());
}

Result<Passphrase> Passphrase::read_line(int fd) {
    SecretMemory memory = NACRE_TRY(SecretMemory::take(kRoom));
    std::size_t length = 0;
    while (length < kRoom) {
        const ssize_t got = read(fd, memory.data() + length, 1);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return receive_error(errno);
        if (got == 0 || memory.data()[length] == '\n') break;
        ++length;
    }
    return take(std::move(memory), length);
}

Result<Passphrase> Passphrase::from(ByteView bytes) {
    if (bytes.size() > kMaxLength) {
        return Error{ErrorCode::invalid_argument, "take a passphrase: too long"};
    }
    SecretMemory memory = NACRE_TRY(SecretMemory::take(kRoom));
    if (!bytes.empty()) std::memcpy(memory.data(), bytes.data(), bytes.size());
    return take(std::move(memory), bytes.size());
}

}  // namespace nacre
