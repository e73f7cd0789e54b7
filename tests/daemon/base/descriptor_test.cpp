#include "daemon/base/descriptor.h"

#include <fcntl.h>

#include <catch2/catch_test_macros.hpp>

#include "tests/support/matchers.h"

using namespace nacre;
using namespace nacre::daemon;
using nacre::tests::FailsWith;

namespace {

bool is_open(int fd) { return fcntl(fd, F_GETFD) >= 0; }

}  // namespace

TEST_CASE("descriptor: closes once, at the end of its owner", "[base][descriptor]") {
    auto [left, right] = stream_pair().value();
    const int number = left.get();
    Descriptor owner = std::move(left);
    CHECK_FALSE(left);
    CHECK(is_open(number));
    CHECK((fcntl(number, F_GETFD) & FD_CLOEXEC) != 0);
    owner = Descriptor{};
    CHECK_FALSE(is_open(number));
}

TEST_CASE("descriptor: a duplicate outlives the first and is close-on-exec", "[base][descriptor]") {
    auto [left, right] = stream_pair().value();
    const Descriptor copy = left.duplicate().value();
    CHECK((fcntl(copy.get(), F_GETFD) & FD_CLOEXEC) != 0);
    left.reset();
    REQUIRE(write_all(copy.get(), as_bytes("x")).ok());
    std::uint8_t byte = 0;
    REQUIRE(read_exact(right.get(), {&byte, 1}).ok());
    CHECK(byte == 'x');
}

TEST_CASE("descriptor: an early end is unavailable, and so is a closed peer",
          "[base][descriptor]") {
    auto [left, right] = stream_pair().value();
    REQUIRE(write_all(left.get(), as_bytes("abc")).ok());
    left.reset();
    std::uint8_t bytes[4];
    CHECK_THAT(read_exact(right.get(), bytes), FailsWith(ErrorCode::unavailable));
    CHECK_THAT(write_all(-1, as_bytes("x")), FailsWith(ErrorCode::io_failed));
}
