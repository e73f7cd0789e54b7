#include "daemon/courier/unauthenticated.h"

#include <catch2/catch_test_macros.hpp>

#include "fake_network.h"

namespace nacre::courier {
namespace {

using tests::FakeDialer;

struct Fixture {
    tests::FakeLoop loop;
    FakeDialer dialer;
    Unauthenticated anonymous{loop, dialer};
    std::vector<Result<signal::Response>> answers;

    void send(std::string path) {
        anonymous.send({"GET", std::move(path), {}, {}},
                       [this](const Result<signal::Response>& answer) {
                           answers.push_back(answer);
                       });
    }
};

TEST_CASE("unauthenticated: opens for the first request and is kept", "[courier][unauthenticated]") {
    Fixture f;
    CHECK(f.dialer.anonymous.empty());
    f.send("/a");
    f.send("/b");
    REQUIRE(f.dialer.anonymous.size() == 1);
    FakeDialer::accept(f.dialer.anonymous[0]);
    f.send("/c");
    REQUIRE(f.dialer.anonymous.size() == 1);
    REQUIRE(f.dialer.anonymous[0]->requests.size() == 3);
    CHECK(f.dialer.anonymous[0]->requests[2].path == "/c");
}

TEST_CASE("unauthenticated: a failed connection fails what waited, the next request tries again",
          "[courier][unauthenticated]") {
    Fixture f;
    f.send("/a");
    f.dialer.anonymous[0]->done(Error{ErrorCode::unavailable, "test"});
    REQUIRE(f.answers.size() == 1);
    CHECK(f.answers[0].error().code == ErrorCode::unavailable);
    f.send("/b");
    REQUIRE(f.dialer.anonymous.size() == 2);
    FakeDialer::accept(f.dialer.anonymous[1]);
    CHECK(f.dialer.anonymous[1]->requests.size() == 1);
}

TEST_CASE("unauthenticated: opens anew after the server closed it", "[courier][unauthenticated]") {
    Fixture f;
    f.send("/a");
    FakeDialer::accept(f.dialer.anonymous[0]);
    f.dialer.anonymous[0]->listener.interrupted(std::nullopt);
    f.loop.run_posted();
    CHECK(f.dialer.anonymous[0]->closed);
    f.send("/b");
    CHECK(f.dialer.anonymous.size() == 2);
}

TEST_CASE("unauthenticated: stopping fails what waits and leaves nothing open",
          "[courier][unauthenticated]") {
    Fixture f;
    f.send("/a");
    f.anonymous.stop();
    REQUIRE(f.answers.size() == 1);
    CHECK(f.answers[0].error().code == ErrorCode::canceled);
    CHECK(f.dialer.anonymous[0]->canceled);
    FakeDialer::accept(f.dialer.anonymous[0]);  // too late
    CHECK(f.dialer.anonymous[0]->closed);
}

}  // namespace
}  // namespace nacre::courier
