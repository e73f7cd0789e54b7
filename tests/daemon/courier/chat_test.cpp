// Goal: the connection comes back after every accident, and never by itself where it is not wanted.
#include "daemon/courier/chat.h"

#include <catch2/catch_test_macros.hpp>

#include "fake_network.h"
#include "tests/support/matchers.h"

namespace nacre::courier {
namespace {

using tests::FailsWith;
using tests::FakeDialer;
using tests::FakeLine;
using Status = v1::ConnectionStatus;

DeviceLogin device(std::uint32_t id = 2) {
    return {"9d0652a3-dcc3-4d11-975f-74d61598733f", id, "password", {}};
}

struct Fixture {
    tests::FakeLoop loop;
    FakeDialer dialer;
    std::vector<std::string> envelopes;
    std::vector<std::uint64_t> tickets;
    std::vector<Halted> halts;
    std::vector<std::uint64_t> doubts;
    int interruptions = 0;
    int empties = 0;
    Status status;
    Chat chat{loop, dialer, loop, [](std::uint32_t bound) { return bound / 2; }, events()};

    ChatEvents events() {
        ChatEvents out;
        out.envelope = [this](std::uint64_t ticket, const Envelope& envelope) {
            tickets.push_back(ticket);
            envelopes.push_back(to_string(envelope.bytes));
        };
        out.queue_empty = [this] { ++empties; };
        out.interrupted = [this] { ++interruptions; };
        out.status = [this](const Status& now) { status = now; };
        out.doubt = [this](const signal::Login&, std::uint64_t generation) {
            doubts.push_back(generation);
        };
        out.halted = [this](const Halted& now) { halts.push_back(now); };
        return out;
    }

    FakeLine& last() { return *dialer.lines.back(); }
    // Accepted, and the server has answered.
    void connect() {
        FakeDialer::accept(dialer.lines.back());
        answer(200);
    }
    void answer(std::uint16_t http) {
        last().responses.front()(signal::Response{http, {}, {}});
        loop.run_posted();
    }
    void end(FakeLine& line, ErrorCode code, const char* name) {
        line.listener.interrupted(Error{code, "test", 0, name});
        loop.run_posted();
    }
    void lose() { end(last(), ErrorCode::unavailable, "IoError"); }
};

TEST_CASE("chat: connects with the login, and says so once the server has answered",
          "[courier][chat]") {
    Fixture f;
    f.chat.login(device(), true);
    REQUIRE(f.dialer.lines.size() == 1);
    CHECK(f.last().login.username == "9d0652a3-dcc3-4d11-975f-74d61598733f.2");
    CHECK(f.status.state() == Status::STATE_CONNECTING);
    FakeDialer::accept(f.dialer.lines.back());
    CHECK(f.status.state() == Status::STATE_CONNECTING);
    CHECK(f.last().requests.at(0).path == "/v1/accounts/whoami");
    f.answer(200);
    CHECK(f.status.state() == Status::STATE_CONNECTED);
    CHECK(f.status.generation() == 1);
}

TEST_CASE("chat: acknowledges exactly what is durable, in order", "[courier][chat]") {
    Fixture f;
    f.chat.login(device(), true);
    f.connect();
    std::vector<int> acknowledged;
    for (int i = 0; i < 3; ++i)
        f.last().listener.message(to_bytes("m" + std::to_string(i)), 5, [&, i](std::uint16_t http) {
            CHECK(http == 200);
            acknowledged.push_back(i);
        });
    CHECK(f.envelopes == std::vector<std::string>{"m0", "m1", "m2"});
    CHECK(acknowledged.empty());
    f.chat.acknowledge(f.tickets[1]);
    CHECK(acknowledged == std::vector<int>{0, 1});
    f.chat.acknowledge(f.tickets[1]);
    f.chat.acknowledge(f.tickets[2]);
    CHECK(acknowledged == std::vector<int>{0, 1, 2});
}

TEST_CASE("chat: what an ended connection left unacknowledged is never acknowledged",
          "[courier][chat]") {
    Fixture f;
    f.chat.login(device(), true);
    f.connect();
    bool acknowledged = false;
    f.last().listener.message(to_bytes("m"), 5, [&](std::uint16_t) { acknowledged = true; });
    f.lose();
    CHECK(f.interruptions == 1);
    f.chat.acknowledge(f.tickets[0]);
    CHECK_FALSE(acknowledged);
}

TEST_CASE("chat: an envelope of 10 MB is refused, not stored", "[courier][chat]") {
    Fixture f;
    f.chat.login(device(), true);
    f.connect();
    std::uint16_t answer = 0;
    f.last().listener.message(Bytes(10'000'000), 5, [&](std::uint16_t http) { answer = http; });
    CHECK(answer == 413);
    CHECK(f.envelopes.empty());
}

TEST_CASE("chat: comes back after half a second, then ever later, up to a minute",
          "[courier][chat]") {
    Fixture f;
    f.chat.login(device(), true);
    f.connect();
    std::int64_t expected = 500;
    for (int round = 0; round < 12; ++round) {
        f.lose();
        CHECK(f.status.state() == Status::STATE_CONNECTING);
        CHECK(f.status.next_try() == f.loop.wall_ms() + expected);
        CHECK(f.status.failed().name() == "IoError");
        const auto before = f.dialer.lines.size();
        f.loop.pass(expected - 1);
        REQUIRE(f.dialer.lines.size() == before);
        f.loop.pass(1);
        REQUIRE(f.dialer.lines.size() == before + 1);
        f.connect();
        expected = std::min<std::int64_t>(expected * 2, 60'000);
    }
    // A connection that held is forgiven the rest.
    f.loop.pass(20'000);
    f.lose();
    CHECK(f.status.next_try() == f.loop.wall_ms() + 500);
}

TEST_CASE("chat: a failed attempt is repeated", "[courier][chat]") {
    Fixture f;
    f.chat.login(device(), true);
    f.last().done(Error{ErrorCode::unavailable, "test", 0, "IoError"});
    f.loop.pass(500);
    REQUIRE(f.dialer.lines.size() == 2);
    f.connect();
    CHECK(f.status.state() == Status::STATE_CONNECTED);
    CHECK(f.status.generation() == 2);
}

TEST_CASE("chat: connected elsewhere stays until the owner reconnects", "[courier][chat]") {
    Fixture f;
    f.chat.login(device(), true);
    f.connect();
    f.end(f.last(), ErrorCode::rejected, "ConnectedElsewhere");
    CHECK(f.status.state() == Status::STATE_CONNECTED_ELSEWHERE);
    REQUIRE(f.halts.size() == 1);
    CHECK(f.halts[0].halt == Halt::connected_elsewhere);
    CHECK(f.halts[0].device == device().fingerprint());
    f.loop.pass(3'600'000);
    CHECK(f.dialer.lines.size() == 1);
    f.chat.login(device(), true);  // the vault repeats it at each unlock
    CHECK(f.dialer.lines.size() == 1);
    REQUIRE(f.chat.reconnect().ok());
    REQUIRE(f.dialer.lines.size() == 2);
    CHECK(f.halts.back().halt == Halt::none);
    f.connect();
    CHECK(f.status.state() == Status::STATE_CONNECTED);
}

TEST_CASE("chat: a superseded connection's end is nobody's business", "[courier][chat]") {
    Fixture f;
    f.chat.login(device(), true);
    f.connect();
    const auto old = f.dialer.lines.back();
    f.lose();
    f.loop.pass(500);
    f.connect();
    f.end(*old, ErrorCode::rejected, "ConnectedElsewhere");
    old->listener.message(to_bytes("late"), 1, [](std::uint16_t) { FAIL(); });
    CHECK(f.status.state() == Status::STATE_CONNECTED);
    CHECK(f.halts.empty());
    CHECK(f.envelopes.empty());
}

TEST_CASE("chat: a halt is remembered for its device over a restart", "[courier][chat]") {
    Fixture f;
    f.chat.resume({Halt::connected_elsewhere, device().fingerprint()});
    CHECK(f.status.state() == Status::STATE_CONNECTED_ELSEWHERE);
    SECTION("the same device stays away") {
        f.chat.login(device(), true);
        CHECK(f.dialer.lines.empty());
        CHECK(f.status.state() == Status::STATE_CONNECTED_ELSEWHERE);
        REQUIRE(f.chat.reconnect().ok());
        CHECK(f.dialer.lines.size() == 1);
    }
    SECTION("another device connects") {
        f.chat.login(device(3), true);
        CHECK(f.dialer.lines.size() == 1);
        CHECK(f.halts.back().halt == Halt::none);
    }
}

TEST_CASE("chat: a delinked device is unlinked at once", "[courier][chat]") {
    Fixture f;
    f.chat.login(device(), true);
    SECTION("the upgrade is refused") {
        f.last().done(Error{ErrorCode::unlinked, "test", 0, "DeviceDelinked"});
    }
    SECTION("whoami is refused") {
        FakeDialer::accept(f.dialer.lines.back());
        f.answer(401);
    }
    f.loop.pass(3'600'000);
    CHECK(f.status.state() == Status::STATE_UNLINKED);
    CHECK(f.halts.at(0).halt == Halt::unlinked);
    CHECK(f.dialer.lines.size() == 1);
    CHECK_THAT(f.chat.reconnect(), FailsWith(ErrorCode::unlinked));
}

TEST_CASE("chat: an outdated client stops", "[courier][chat]") {
    Fixture f;
    f.chat.login(device(), true);
    f.last().done(Error{ErrorCode::rejected, "test", 0, "AppExpired"});
    f.loop.pass(3'600'000);
    CHECK(f.status.state() == Status::STATE_CLIENT_TOO_OLD);
    CHECK(f.dialer.lines.size() == 1);
}

TEST_CASE("chat: connections that are closed unanswered raise a doubt, not a verdict",
          "[courier][chat]") {
    Fixture f;
    f.chat.login(device(), true);
    FakeDialer::accept(f.dialer.lines.back());
    f.lose();
    CHECK(f.doubts.empty());
    f.loop.pass(500);
    FakeDialer::accept(f.dialer.lines.back());
    f.lose();
    REQUIRE(f.doubts.size() == 1);
    CHECK(f.status.state() == Status::STATE_CONNECTING);
    SECTION("the server does not know the device") {
        f.chat.heard(f.doubts[0], false);
        f.loop.pass(3'600'000);
        CHECK(f.status.state() == Status::STATE_UNLINKED);
        CHECK(f.dialer.lines.size() == 2);
    }
    SECTION("it does: trying goes on") {
        f.chat.heard(f.doubts[0], true);
        f.loop.pass(1'000);
        REQUIRE(f.dialer.lines.size() == 3);
        f.connect();
        CHECK(f.status.state() == Status::STATE_CONNECTED);
        f.chat.heard(f.doubts[0], false);  // too late
        CHECK(f.status.state() == Status::STATE_CONNECTED);
    }
}

TEST_CASE("chat: a login for another environment does not connect", "[courier][chat]") {
    Fixture f;
    f.chat.login(device(), false);
    CHECK(f.dialer.lines.empty());
    CHECK(f.status.state() == Status::STATE_ENVIRONMENT_CHANGED);
    CHECK_THAT(f.chat.reconnect(), FailsWith(ErrorCode::environment_changed));
    f.chat.login(device(), true);
    CHECK(f.dialer.lines.size() == 1);
}

TEST_CASE("chat: logout ends the connection and all trying", "[courier][chat]") {
    Fixture f;
    f.chat.login(device(), true);
    f.connect();
    f.chat.logout();
    f.loop.pass(3'600'000);
    CHECK(f.last().closed);
    CHECK(f.status.state() == Status::STATE_NO_LOGIN);
    CHECK(f.dialer.lines.size() == 1);
    CHECK_THAT(f.chat.reconnect(), FailsWith(ErrorCode::not_linked));
}

TEST_CASE("chat: requests go out on the connection, or fail at once", "[courier][chat]") {
    Fixture f;
    std::optional<ErrorCode> failed;
    const auto done = [&](const Result<signal::Response>& response) {
        if (!response.ok()) failed = response.error().code;
    };
    f.chat.send({"GET", "/v1/x", {}, {}}, done);
    CHECK(failed == ErrorCode::unavailable);
    f.chat.login(device(), true);
    f.connect();
    f.chat.send({"GET", "/v1/x", {}, {}}, done);
    CHECK(f.last().requests.back().path == "/v1/x");
}

TEST_CASE("chat: alerts and the server's clock are shown", "[courier][chat]") {
    Fixture f;
    f.chat.login(device(), true);
    f.last().listener.alerts({"idle-primary-device"});
    f.last().listener.server_time(1234);
    f.connect();
    REQUIRE(f.status.alerts_size() == 1);
    CHECK(f.status.alerts(0) == "idle-primary-device");
    CHECK(f.status.server_timestamp() == 1234);
    f.lose();
    f.loop.pass(500);
    CHECK(f.status.alerts_size() == 0);
}

TEST_CASE("chat: stops for good", "[courier][chat]") {
    Fixture f;
    f.chat.login(device(), true);
    f.connect();
    bool done = false;
    f.chat.stop([&] { done = true; });
    CHECK(done);
    f.lose();
    f.loop.pass(3'600'000);
    CHECK(f.dialer.lines.size() == 1);
    f.chat.close();
    CHECK(f.last().closed);
}

}  // namespace
}  // namespace nacre::courier
