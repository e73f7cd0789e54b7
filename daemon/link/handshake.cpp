#include "daemon/link/handshake.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace nacre::link {
namespace {

using Clock = std::chrono::steady_clock;

// Appends what the socket has to `reader`, waiting for it until `deadline`.
Result<void> read_some(int socket, FrameReader& reader, Clock::time_point deadline) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    pollfd item{socket, POLLIN, 0};
    const int ready = poll(&item, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    if (ready == 0) return Error{ErrorCode::timed_out, "wait for Hello"};
    if (ready < 0 && errno != EINTR) return os_error("wait for Hello", errno);
    if (ready < 0) return {};
    std::array<std::uint8_t, 4096> bytes;
    const ssize_t count = recv(socket, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (count > 0) reader.push({bytes.data(), static_cast<std::size_t>(count)});
    else if (count == 0 || (errno != EINTR && errno != EAGAIN)) {
        return Error{ErrorCode::unavailable, "read Hello", count == 0 ? 0 : errno};
    }
    return {};
}

// A Hello fits any socket buffer, so this cannot wait for a peer that does not read.
Result<void> send_hello(int socket, Side side, const courier::v1::Environment& environment) {
    Frame frame;
    frame.mutable_hello()->set_version(kLinkVersion);
    if (side == Side::courier) *frame.mutable_hello()->mutable_environment() = environment;
    std::string bytes;
    NACRE_TRY(encode(frame, bytes));
    const ssize_t count = send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count == static_cast<ssize_t>(bytes.size())) return {};
    return Error{ErrorCode::unavailable, "send Hello", count < 0 ? errno : 0};
}

}  // namespace

Result<courier::v1::Hello> shake_hands(int socket, Side side,
                                       const courier::v1::Environment& environment,
                                       FrameReader& reader, std::chrono::milliseconds timeout) {
    const Clock::time_point deadline = Clock::now() + timeout;
    NACRE_TRY(send_hello(socket, side, environment));
    for (;;) {
        std::optional<Frame> frame = NACRE_TRY(reader.next());
        if (!frame) {
            NACRE_TRY(read_some(socket, reader, deadline));
            continue;
        }
        if (role(*frame, other(side)) != Role::hello) return Error{ErrorCode::bad_message, "Hello"};
        if (frame->hello().version() != kLinkVersion) {
            return Error{ErrorCode::unsupported, "Hello: version"};
        }
        return std::move(*frame->mutable_hello());
    }
}

}  // namespace nacre::link
