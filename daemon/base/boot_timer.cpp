#include "daemon/base/boot_timer.h"

#include <sys/timerfd.h>

#include <algorithm>
#include <cerrno>

namespace nacre::daemon {

Result<BootTimer> BootTimer::open() {
    Descriptor fd{timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK)};
    if (!fd) return os_error("timerfd", errno);
    return BootTimer{std::move(fd)};
}

void BootTimer::set(std::optional<std::int64_t> boot_ms) const {
    itimerspec when{};
    if (boot_ms) {
        const std::int64_t ms = std::max<std::int64_t>(*boot_ms, 1);  // 0 would disarm it
        when.it_value = {ms / 1000, ms % 1000 * 1'000'000};
    }
    // Cannot fail: the descriptor is one, and the time is a valid one.
    (void)timerfd_settime(fd_.get(), TFD_TIMER_ABSTIME, &when, nullptr);
}

}  // namespace nacre::daemon
