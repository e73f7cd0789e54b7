#include "daemon/link/handshake.h"

#include <catch2/catch_test_macros.hpp>
#include <future>

#include "daemon/base/descriptor.h"
#include "tests/support/matchers.h"

using namespace nacre;
using namespace nacre::link;
using nacre::tests::FailsWith;
using std::chrono::milliseconds;

namespace {

struct Sockets {
    daemon::Descriptor ours, theirs;
    Sockets() {
        auto pair = daemon::stream_pair().value();
        ours = std::move(pair.first);
        theirs = std::move(pair.second);
    }
    void send(const Frame& frame) const {
        std::string bytes;
        REQUIRE(encode(frame, bytes).ok());
        REQUIRE(daemon::write_all(theirs.get(), as_bytes(bytes)).ok());
    }
    Result<courier::v1::Hello> shake(milliseconds timeout = milliseconds{5000}) const {
        FrameReader reader;
        return shake_hands(ours.get(), Side::vault, {}, reader, timeout);
    }
};

}  // namespace

TEST_CASE("handshake: the vault learns the courier's environment", "[link][handshake]") {
    const Sockets sockets;
    courier::v1::Environment environment;
    environment.set_name("custom");
    auto courier = std::async(std::launch::async, [&] {
        FrameReader reader;
        return shake_hands(sockets.theirs.get(), Side::courier, environment, reader,
                           milliseconds{5000});
    });
    FrameReader reader;
    const auto hello = shake_hands(sockets.ours.get(), Side::vault, {}, reader, milliseconds{5000});
    REQUIRE(hello.ok());
    CHECK(hello->environment().name() == "custom");
    const auto theirs = courier.get();
    REQUIRE(theirs.ok());
    CHECK_FALSE(theirs->has_environment());
}

TEST_CASE("handshake: another version fails with unsupported", "[link][handshake]") {
    const Sockets sockets;
    Frame frame;
    frame.mutable_hello()->set_version(kLinkVersion + 1);
    sockets.send(frame);
    CHECK_THAT(sockets.shake(), FailsWith(ErrorCode::unsupported));
}

TEST_CASE("handshake: anything before Hello fails with bad_message", "[link][handshake]") {
    const Sockets sockets;
    Frame frame;
    frame.mutable_spool_status();
    sockets.send(frame);
    CHECK_THAT(sockets.shake(), FailsWith(ErrorCode::bad_message));
}

TEST_CASE("handshake: silence fails with timed_out, a closed peer with unavailable",
          "[link][handshake]") {
    Sockets sockets;
    CHECK_THAT(sockets.shake(milliseconds{20}), FailsWith(ErrorCode::timed_out));
    sockets.theirs.reset();
    CHECK_THAT(sockets.shake(), FailsWith(ErrorCode::unavailable));
}
