#include "api/base/clock.h"

#include <ctime>

namespace nacre {
namespace {

std::int64_t read_ms(clockid_t id) {
    timespec now{};
    clock_gettime(id, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1'000'000;
}

class SystemClock final : public Clock {
public:
    std::int64_t wall_ms() const override { return read_ms(CLOCK_REALTIME); }
    std::int64_t boot_ms() const override { return read_ms(CLOCK_BOOTTIME); }
};

}  // namespace

const Clock& system_clock() {
    static const SystemClock clock;
    return clock;
}

}  // namespace nacre
