// FakeClock: a clock that a test sets.
#pragma once

#include "api/base/clock.h"

namespace nacre::tests {

class FakeClock final : public Clock {
public:
    std::int64_t wall_ms() const override { return 1'700'000'000'000 + now_ms; }
    std::int64_t boot_ms() const override { return now_ms; }

    std::int64_t now_ms = 1'000;
};

}  // namespace nacre::tests
