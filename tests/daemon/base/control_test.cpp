#include "daemon/base/control.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <cstring>
#include <filesystem>
#include <vector>

#include "tests/support/matchers.h"

using namespace nacre;
using namespace nacre::daemon;
using nacre::tests::FailsWith;

namespace {

std::size_t open_descriptors() {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator{"/proc/self/fd"})
        ++count;
    return count;
}

void send_raw(int socket, std::string_view text, const std::vector<int>& fds) {
    iovec data{const_cast<char*>(text.data()), text.size()};
    alignas(cmsghdr) char space[CMSG_SPACE(4 * sizeof(int))] = {};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    if (!fds.empty()) {
        message.msg_control = space;
        message.msg_controllen = CMSG_SPACE(fds.size() * sizeof(int));
        cmsghdr* item = CMSG_FIRSTHDR(&message);
        item->cmsg_level = SOL_SOCKET;
        item->cmsg_type = SCM_RIGHTS;
        item->cmsg_len = CMSG_LEN(fds.size() * sizeof(int));
        std::memcpy(CMSG_DATA(item), fds.data(), fds.size() * sizeof(int));
    }
    REQUIRE(sendmsg(socket, &message, 0) == static_cast<ssize_t>(text.size()));
}

}  // namespace

TEST_CASE("control: a kind without descriptor passes", "[base][control]") {
    auto [left, right] = seqpacket_pair().value();
    const auto kind = GENERATE(ControlKind::ready, ControlKind::forget_login, ControlKind::locking);
    REQUIRE(send_control(left.get(), kind).ok());
    const auto message = receive_control(right.get());
    REQUIRE(message.ok());
    REQUIRE(message->has_value());
    CHECK((**message).kind == kind);
    CHECK_FALSE((**message).descriptor);
}

TEST_CASE("control: a descriptor passes and is close-on-exec", "[base][control]") {
    auto [left, right] = seqpacket_pair().value();
    auto [one, two] = stream_pair().value();
    REQUIRE(send_control(left.get(), ControlKind::link, one.get()).ok());
    auto message = receive_control(right.get()).value();
    REQUIRE(message.has_value());
    REQUIRE(message->descriptor);
    CHECK((fcntl(message->descriptor.get(), F_GETFD) & FD_CLOEXEC) != 0);
    REQUIRE(write_all(message->descriptor.get(), as_bytes("x")).ok());
    std::uint8_t byte = 0;
    CHECK(read_exact(two.get(), {&byte, 1}).ok());
}

TEST_CASE("control: the end of file is nothing", "[base][control]") {
    auto [left, right] = seqpacket_pair().value();
    left.reset();
    const auto message = receive_control(right.get());
    REQUIRE(message.ok());
    CHECK_FALSE(message->has_value());
    CHECK_THAT(send_control(right.get(), ControlKind::ready), FailsWith(ErrorCode::unavailable));
}

TEST_CASE("control: what does not fit is bad_message, and no descriptor stays", "[base][control]") {
    auto [left, right] = seqpacket_pair().value();
    auto [one, two] = stream_pair().value();
    struct Row {
        std::string_view text;
        std::size_t descriptors;
    };
    const auto row = GENERATE(values<Row>({
        {"?", 0},   // no such kind
        {"L", 0},   // without its descriptor
        {"R", 1},   // with one that it does not take
        {"L", 2},   // too many
        {"LL", 1},  // too long
        {"LLL", 1},
    }));
    CAPTURE(row.text, row.descriptors);
    const std::size_t before = open_descriptors();
    send_raw(left.get(), row.text, std::vector<int>(row.descriptors, one.get()));
    CHECK_THAT(receive_control(right.get()), FailsWith(ErrorCode::bad_message));
    CHECK(open_descriptors() == before);
}

TEST_CASE("control: sending checks kind against descriptor", "[base][control]") {
    auto [left, right] = seqpacket_pair().value();
    CHECK_THAT(send_control(left.get(), ControlKind::link), FailsWith(ErrorCode::internal));
    CHECK_THAT(send_control(left.get(), ControlKind::ready, 0), FailsWith(ErrorCode::internal));
}
