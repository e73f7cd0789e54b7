// Clock: the two times nacre uses. One of the two things that tests may replace (entropy is the
// other).
//
// Layer:   api/base.
// Threads: implementations are callable from any thread.
#pragma once

#include <cstdint>

namespace nacre {

class Clock {
public:
    virtual ~Clock() = default;
    // Milliseconds since 1970 UTC; may jump either way.
    virtual std::int64_t wall_ms() const = 0;
    // Milliseconds of CLOCK_BOOTTIME; goes on while suspended, never back.
    virtual std::int64_t boot_ms() const = 0;
};

// The machine's.
const Clock& system_clock();

}  // namespace nacre
