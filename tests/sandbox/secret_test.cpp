#include "sandbox/secret.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <concepts>
#include <ostream>
#include <string>
#include <type_traits>

#include "tests/support/matchers.h"

namespace nacre {
namespace {

using tests::FailsWith;

template <class T>
concept Printable = requires(std::ostream& out, const T& value) { out << value; };
template <class T>
concept Comparable = requires(const T& a, const T& b) { a == b; };

static_assert(!std::is_copy_constructible_v<Secret<32>> && !std::is_copy_assignable_v<Secret<32>>);
static_assert(!Printable<Secret<32>> && !Printable<Passphrase>);
static_assert(!Comparable<Secret<32>> && !Comparable<Passphrase>);
static_assert(!std::is_convertible_v<Secret<32>, ByteView>);
static_assert(!std::is_copy_constructible_v<Passphrase>);

// A connected pair whose ends close with it.
struct Pair {
    explicit Pair(int type) { REQUIRE(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) == 0); }
    ~Pair() {
        close(ends[0]);
        if (ends[1] >= 0) close(ends[1]);
    }
    void send(std::string_view bytes) {
        REQUIRE(write(ends[1], bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
    }
    void end() { close(std::exchange(ends[1], -1)); }
    int ends[2];
};

TEST_CASE("secret: starts zeroed, random differs, equal bytes are equal", "[sandbox][secret]") {
    const auto zero = *Secret<32>::zeroed();
    const auto random = *Secret<32>::random();
    const auto other = *Secret<32>::random();
    const auto copy = *Secret<32>::from(random.view());
    CHECK_FALSE(zero.equals(random));
    CHECK_FALSE(random.equals(other));
    CHECK(random.equals(copy));
}

TEST_CASE("secret: moves without leaving bytes behind", "[sandbox][secret]") {
    const auto keeper = *Secret<1>::zeroed();  // so that the arena outlives what is looked at
    auto secret = *Secret<32>::random();
    const std::uint8_t* const place = secret.view().data();
    auto moved = std::move(secret);
    CHECK(moved.view().data() == place);
    moved = *Secret<32>::zeroed();
    CHECK(std::all_of(place, place + 32, [](std::uint8_t byte) { return byte == 0; }));
}

TEST_CASE("passphrase: takes one message behind a prefix", "[sandbox][secret]") {
    Pair pair{SOCK_SEQPACKET};
    pair.send("0123456789correct horse");
    std::array<std::uint8_t, 10> prefix{};
    const auto passphrase = *Passphrase::receive(pair.ends[0], prefix);
    CHECK(as_text(prefix) == "0123456789");
    CHECK(as_text(passphrase.view()) == "correct horse");
    CHECK(passphrase.equals(*Passphrase::from(as_bytes("correct horse"))));
    CHECK_FALSE(passphrase.equals(*Passphrase::from(as_bytes("correct horsf"))));
    CHECK_FALSE(passphrase.equals(*Passphrase::from(as_bytes("correct"))));
}

TEST_CASE("passphrase: reads a stream to its end, however it is cut", "[sandbox][secret]") {
    Pair pair{SOCK_STREAM};
    pair.send("01234");
    pair.send("56789corr");
    pair.send("ect horse");
    pair.end();
    std::array<std::uint8_t, 10> prefix{};
    const auto passphrase = *Passphrase::receive(pair.ends[0], prefix);
    CHECK(as_text(prefix) == "0123456789");
    CHECK(as_text(passphrase.view()) == "correct horse");
}

TEST_CASE("passphrase: has a least and a greatest length", "[sandbox][secret]") {
    const int type = GENERATE(SOCK_SEQPACKET, SOCK_STREAM);
    const auto received = [type](std::string_view sent) {
        Pair pair{type};
        pair.send(sent);
        pair.end();
        std::array<std::uint8_t, 2> prefix{};
        return Passphrase::receive(pair.ends[0], prefix);
    };
    CHECK_THAT(received("x"), FailsWith(ErrorCode::invalid_argument));
    CHECK_THAT(received("xx"), FailsWith(ErrorCode::invalid_argument));
    CHECK(received("xxy").value().view().size() == 1);
    CHECK(received("xx" + std::string(1024, 'y')).value().view().size() == 1024);
    CHECK_THAT(received("xx" + std::string(1025, 'y')), FailsWith(ErrorCode::invalid_argument));
    CHECK_THAT(received("xx" + std::string(3000, 'y')), FailsWith(ErrorCode::invalid_argument));
    CHECK_THAT(Passphrase::from({}), FailsWith(ErrorCode::invalid_argument));
    CHECK_THAT(Passphrase::from(Bytes(1025)), FailsWith(ErrorCode::invalid_argument));
}

TEST_CASE("passphrase: tells a silent peer from one that is gone", "[sandbox][secret]") {
    Pair pair{SOCK_SEQPACKET};
    const timeval soon{0, 1000};
    setsockopt(pair.ends[0], SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof soon);
    CHECK_THAT(Passphrase::receive(pair.ends[0]), FailsWith(ErrorCode::timed_out));
    pair.end();
    CHECK_THAT(Passphrase::receive(pair.ends[0]), FailsWith(ErrorCode::unavailable));
    CHECK_THAT(Passphrase::receive(-1), FailsWith(ErrorCode::io_failed));
}

TEST_CASE("passphrase: a line ends before its line feed and consumes no more", "[sandbox][secret]") {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    REQUIRE(write(ends[1], "one\ntwo", 7) == 7);
    close(ends[1]);
    CHECK(as_text(Passphrase::read_line(ends[0]).value().view()) == "one");
    CHECK(as_text(Passphrase::read_line(ends[0]).value().view()) == "two");
    CHECK_THAT(Passphrase::read_line(ends[0]), FailsWith(ErrorCode::invalid_argument));
    close(ends[0]);
}

}  // namespace
}  // namespace nacre
