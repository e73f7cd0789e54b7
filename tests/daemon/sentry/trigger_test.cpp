#include "daemon/sentry/trigger.h"

#include <fcntl.h>

#include "tests/daemon/sentry/event_fixture.h"

using namespace nacre;
using daemon::Descriptor;
using sentry::LockRequest;
using sentry::Trigger;
using tests::EventFixture;

TEST_CASE("trigger: without a delay it asks at once and goes on when it is wiped",
          "[sentry][trigger]") {
    EventFixture fixture;
    LockRequest request{fixture.event.get(), fixture.folder / "lock.sock"};
    Trigger trigger{fixture.event.get(), request, "test", 0};
    bool went_on = false;
    trigger.begin([&] { went_on = true; });
    std::string said;
    Descriptor vault = fixture.accept(said);
    CHECK(said.size() == 1);
    fixture.run_ready();
    CHECK_FALSE(went_on);
    vault.reset();
    fixture.run_until([&] { return went_on; });
}

TEST_CASE("trigger: with a delay nobody waits, and it asks by itself", "[sentry][trigger]") {
    EventFixture fixture;
    LockRequest request{fixture.event.get(), fixture.folder / "lock.sock"};
    Trigger trigger{fixture.event.get(), request, "test", 1};
    bool went_on = false;
    trigger.begin([&] { went_on = true; });
    CHECK(went_on);
    REQUIRE(fcntl(fixture.listening.get(), F_SETFL, O_NONBLOCK) == 0);
    std::string said;
    fixture.run_until([&] { return static_cast<bool>(fixture.accept(said)); });
    CHECK(said.size() == 1);
}

TEST_CASE("trigger: one that ends in time, or is off, asks nothing", "[sentry][trigger]") {
    EventFixture fixture;
    LockRequest request{fixture.event.get(), fixture.folder / "lock.sock"};
    Trigger later{fixture.event.get(), request, "test", 3600};
    Trigger off{fixture.event.get(), request, "test", std::nullopt};
    later.begin();
    later.end();
    bool went_on = false;
    off.begin([&] { went_on = true; });
    off.end();
    CHECK(went_on);
    fixture.run_ready();
    REQUIRE(fcntl(fixture.listening.get(), F_SETFL, O_NONBLOCK) == 0);
    std::string said;
    CHECK_FALSE(fixture.accept(said));
}
