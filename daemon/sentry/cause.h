// Cause: one reason to lock, which begins and may end again, and the time it has to last.
//
// Layer:   daemon/sentry.
// Threads: one.
#pragma once

#include <cstdint>
#include <optional>

#include "daemon/config/lock_rules.h"

namespace nacre::sentry {

// Times are Clock::boot_ms(): the machine's sleep counts.
class Cause {
public:
    explicit Cause(config::LockRules::Delay delay) : delay_{delay} {}

    bool watched() const { return delay_.has_value(); }
    bool at_once() const { return delay_ && *delay_ == 0; }
    // Whether to lock at once. One that has begun already goes on; one that has locked begins anew.
    bool begin(std::int64_t now_ms);
    // Whether it has lasted too long without anybody having looked, as over a sleep.
    bool end(std::int64_t now_ms);
    // When to call expire(); nothing when it has not begun, or has locked already.
    std::optional<std::int64_t> due() const { return due_ms_; }
    // Whether to lock: once for each beginning.
    bool expire(std::int64_t now_ms);

private:
    config::LockRules::Delay delay_;
    std::optional<std::int64_t> due_ms_;
};

}  // namespace nacre::sentry
