// Goal: guessing at the keyboard gets slow, and neither a restart, a reboot nor a clock set back makes
// it fast again.
#include "daemon/vaultd/waits.h"

#include <catch2/catch_test_macros.hpp>
#include <fstream>

#include "tests/support/matchers.h"
#include "tests/support/temp_dir.h"

using namespace nacre;
using namespace nacre::vaultd;
using nacre::tests::FailsWith;
using nacre::tests::TempDir;

namespace {

struct HandClock final : Clock {
    std::int64_t wall = 1'700'000'000'000;
    std::int64_t boot = 1'000'000;
    std::int64_t wall_ms() const override { return wall; }
    std::int64_t boot_ms() const override { return boot; }
};

const Error kWrong{ErrorCode::wrong_passphrase, "test"};
constexpr BootId kThisBoot{1};
constexpr BootId kNextBoot{2};

// Wrong attempts one after the other, each as soon as it is allowed.
void fail(Waits& waits, HandClock& clock, int times) {
    for (int i = 0; i < times; ++i) {
        clock.boot += std::int64_t{waits.seconds_left()} * 1000;
        REQUIRE(waits.begin().ok());
        waits.end(kWrong);
    }
}

}  // namespace

TEST_CASE("waits: none at first, then doubling, up to five minutes", "[vaultd][waits]") {
    CHECK(wait_after(0) == 0);
    CHECK(wait_after(3) == 0);
    CHECK(wait_after(4) == 2);
    CHECK(wait_after(5) == 4);
    CHECK(wait_after(11) == 256);
    CHECK(wait_after(12) == 300);
    CHECK(wait_after(UINT64_MAX) == 300);
}

TEST_CASE("waits: refuse until they are over, and end with the right secret", "[vaultd][waits]") {
    const TempDir dir;
    HandClock clock;
    Waits waits{dir / "waits", clock, kThisBoot};
    fail(waits, clock, 3);
    CHECK(waits.seconds_left() == 0);
    fail(waits, clock, 1);
    CHECK(waits.seconds_left() == 2);
    CHECK_THAT(waits.begin(), FailsWith(ErrorCode::rate_limited));
    clock.boot += 1001;
    CHECK(waits.seconds_left() == 1);
    clock.boot += 999;
    REQUIRE(waits.begin().ok());
    waits.end({});
    CHECK(waits.seconds_left() == 0);
    fail(waits, clock, 3);
    CHECK(waits.seconds_left() == 0);
}

TEST_CASE("waits: what judged nothing does not count", "[vaultd][waits]") {
    const TempDir dir;
    HandClock clock;
    Waits waits{dir / "waits", clock, kThisBoot};
    for (int i = 0; i < 20; ++i) {
        REQUIRE(waits.begin().ok());
        waits.end(Error{ErrorCode::io_failed, "test"});
    }
    CHECK(waits.seconds_left() == 0);
}

TEST_CASE("waits: survive a restart, also one in the middle of an attempt", "[vaultd][waits]") {
    const TempDir dir;
    HandClock clock;
    {
        Waits waits{dir / "waits", clock, kThisBoot};
        fail(waits, clock, 6);
        CHECK(waits.seconds_left() == 8);
    }
    clock.boot += 3000;
    {
        Waits waits{dir / "waits", clock, kThisBoot};
        CHECK(waits.seconds_left() == 5);
        clock.boot += 5000;
        REQUIRE(waits.begin().ok());
        // Killed before it was known whether the secret was right.
    }
    const Waits waits{dir / "waits", clock, kThisBoot};
    CHECK(waits.seconds_left() == 16);
}

TEST_CASE("waits: begin again after a reboot, whatever the wall clock says", "[vaultd][waits]") {
    const TempDir dir;
    HandClock clock;
    {
        Waits waits{dir / "waits", clock, kThisBoot};
        fail(waits, clock, 7);
    }
    clock.boot = 5000;
    for (const std::int64_t wall : {std::int64_t{0}, std::int64_t{9'000'000'000'000}}) {
        clock.wall = wall;
        const Waits waits{dir / "waits", clock, kNextBoot};
        CHECK(waits.seconds_left() == 16);
    }
    clock.boot += 10'000;
    const Waits waits{dir / "waits", clock, kNextBoot};
    CHECK(waits.seconds_left() == 6);
}

TEST_CASE("waits: a damaged file grants no free attempts", "[vaultd][waits]") {
    const TempDir dir;
    HandClock clock;
    for (const char* const text : {"", "NACREWAI", "0123456789012345678901234567890123456789012345678"}) {
        std::ofstream{dir / "waits", std::ios::trunc} << text;
        Waits waits{dir / "waits", clock, kThisBoot};
        CHECK(waits.seconds_left() == 0);
        fail(waits, clock, 1);
        CHECK(waits.seconds_left() == 2);
    }
}
