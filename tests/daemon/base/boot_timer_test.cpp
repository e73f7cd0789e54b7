#include "daemon/base/boot_timer.h"

#include <poll.h>

#include <catch2/catch_test_macros.hpp>

#include "api/base/clock.h"

using namespace nacre;
using daemon::BootTimer;

namespace {

bool readable(const BootTimer& timer, int patience_ms) {
    pollfd item{timer.fd(), POLLIN, 0};
    return poll(&item, 1, patience_ms) == 1;
}

}  // namespace

TEST_CASE("boot timer: readable from its moment on, until it is set again", "[base][boot_timer]") {
    const BootTimer timer = BootTimer::open().value();
    CHECK_FALSE(readable(timer, 0));
    const std::int64_t begin = system_clock().boot_ms();
    timer.set(begin + 20);
    CHECK(readable(timer, 60'000));
    CHECK(system_clock().boot_ms() >= begin + 20);
    CHECK(readable(timer, 0));
    timer.set(begin + 10'000'000);
    CHECK_FALSE(readable(timer, 0));
    timer.set(0);  // long past
    CHECK(readable(timer, 60'000));
    timer.set(std::nullopt);
    CHECK_FALSE(readable(timer, 0));
}
