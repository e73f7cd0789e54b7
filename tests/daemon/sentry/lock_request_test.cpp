#include <fcntl.h>

#include "tests/daemon/sentry/event_fixture.h"

using namespace nacre;
using daemon::Descriptor;
using sentry::LockRequest;
using tests::EventFixture;

TEST_CASE("lock request: one byte, and wiped when the other end is gone", "[sentry][lock]") {
    EventFixture fixture;
    LockRequest request{fixture.event.get(), fixture.folder / "lock.sock"};
    int wiped = 0;
    request.send([&] { ++wiped; });
    request.send([&] { ++wiped; });  // another cause, the same request
    std::string said;
    Descriptor vault = fixture.accept(said);
    CHECK(said.size() == 1);
    fixture.run_ready();
    CHECK(wiped == 0);
    vault.reset();
    fixture.run_until([&] { return wiped == 2; });
    REQUIRE(fcntl(fixture.listening.get(), F_SETFL, O_NONBLOCK) == 0);
    CHECK_FALSE(fixture.accept(said));
}

TEST_CASE("lock request: after one is done, the next connects anew", "[sentry][lock]") {
    EventFixture fixture;
    LockRequest request{fixture.event.get(), fixture.folder / "lock.sock"};
    for (int n = 1; n <= 3; ++n) {
        bool wiped = false;
        request.send([&] { wiped = true; });
        std::string said;
        Descriptor vault = fixture.accept(said);
        CHECK(said.size() == 1);
        vault.reset();
        fixture.run_until([&] { return wiped; });
    }
}

TEST_CASE("lock request: nobody there is nothing to wait for", "[sentry][lock]") {
    EventFixture fixture;
    bool wiped = false;
    SECTION("no socket") {
        LockRequest request{fixture.event.get(), fixture.folder / "none.sock"};
        request.send([&] { wiped = true; });
    }
    SECTION("nobody listens") {
        fixture.listening.reset();
        LockRequest request{fixture.event.get(), fixture.folder / "lock.sock"};
        request.send([&] { wiped = true; });
    }
    CHECK(wiped);
}

TEST_CASE("lock request: one that finds the queue full tries until it gets through",
          "[sentry][lock]") {
    EventFixture fixture;
    // As many as the queue takes; nobody accepts.
    REQUIRE(listen(fixture.listening.get(), 0) == 0);
    std::vector<Descriptor> crowd;
    for (;;) {
        Descriptor one{socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
        const sockaddr_un address = tests::unix_address(fixture.folder / "lock.sock");
        if (connect(one.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
            break;
        crowd.push_back(std::move(one));
    }
    LockRequest request{fixture.event.get(), fixture.folder / "lock.sock"};
    bool wiped = false;
    request.send([&] { wiped = true; });
    fixture.run_ready();
    CHECK_FALSE(wiped);
    crowd.clear();
    // Those who left come first, with nothing to say.
    REQUIRE(fcntl(fixture.listening.get(), F_SETFL, O_NONBLOCK) == 0);
    std::string said;
    fixture.run_until([&] {
        const Descriptor vault = fixture.accept(said);
        return wiped;
    });
}
