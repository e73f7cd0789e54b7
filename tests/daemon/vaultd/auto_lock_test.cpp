#include "daemon/vaultd/auto_lock.h"

#include <poll.h>

#include <catch2/catch_test_macros.hpp>

#include "tests/support/fake_clock.h"

using namespace nacre;
using vaultd::AutoLock;

namespace {

struct Fixture {
    AutoLock with(config::LockRules::Delay idle, config::LockRules::Delay open) {
        config::LockRules rules;
        rules.idle = idle;
        rules.open = open;
        return {rules, clock, daemon::BootTimer::open().value()};
    }
    tests::FakeClock clock;
};

}  // namespace

TEST_CASE("auto lock: off, it is never due", "[vaultd][auto_lock]") {
    Fixture fixture;
    AutoLock off = fixture.with(std::nullopt, std::nullopt);
    off.opened();
    fixture.clock.now_ms += 1'000'000'000;
    CHECK_FALSE(off.due());
    CHECK_FALSE(off.is_due());
}

TEST_CASE("auto lock: what is not open is never due", "[vaultd][auto_lock]") {
    Fixture fixture;
    AutoLock both = fixture.with(1, 1);
    both.used();
    fixture.clock.now_ms += 10'000;
    CHECK_FALSE(both.due());
    CHECK_FALSE(both.is_due());
}

TEST_CASE("auto lock: idle time begins with the unlock, and again with each use",
          "[vaultd][auto_lock]") {
    Fixture fixture;
    AutoLock idle = fixture.with(60, std::nullopt);
    idle.opened();
    CHECK(idle.due() == 61'000);
    fixture.clock.now_ms += 59'999;
    CHECK_FALSE(idle.is_due());
    idle.used();
    CHECK(idle.due() == 120'999);
    fixture.clock.now_ms += 59'999;
    CHECK_FALSE(idle.is_due());
    fixture.clock.now_ms += 1;
    CHECK(idle.is_due());
}

TEST_CASE("auto lock: open time runs whatever is used", "[vaultd][auto_lock]") {
    Fixture fixture;
    AutoLock both = fixture.with(60, 100);
    both.opened();
    fixture.clock.now_ms += 50'000;
    both.used();
    CHECK(both.due() == 101'000);
    fixture.clock.now_ms += 49'999;
    both.used();
    CHECK_FALSE(both.is_due());
    fixture.clock.now_ms += 1;
    CHECK(both.is_due());
}

TEST_CASE("auto lock: a moment that has passed wakes whoever polls", "[vaultd][auto_lock]") {
    // The timer is the machine's; the fake clock stands at its beginning, so this is long past.
    Fixture fixture;
    AutoLock idle = fixture.with(1, std::nullopt);
    pollfd item{idle.fd(), POLLIN, 0};
    CHECK(poll(&item, 1, 0) == 0);
    idle.opened();
    CHECK(poll(&item, 1, 60'000) == 1);
}
