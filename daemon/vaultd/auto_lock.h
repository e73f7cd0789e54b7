// AutoLock: when the open vault has been idle, or open, for as long as the configuration allows.
//
// Layer:   daemon/vaultd.
// Secrets: none.
// Threads: used() from any, and cheap: every admitted call comes here. The rest from any.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "api/base/clock.h"
#include "daemon/base/boot_timer.h"
#include "daemon/config/lock_rules.h"

namespace nacre::vaultd {

class AutoLock {
public:
    AutoLock(const config::LockRules& rules, const Clock& clock, daemon::BootTimer timer)
        : rules_{rules}, clock_{clock}, timer_{std::move(timer)} {}

    // The vault is open from now on.
    void opened();
    // A client with a token has asked for something.
    void used() { used_ms_ = clock_.boot_ms(); }

    // In Clock::boot_ms(); nothing when no time ends it as things are.
    std::optional<std::int64_t> due() const;

    // Readable when it may be time; then ask is_due(), which sets the timer anew if it is not.
    int fd() const { return timer_.fd(); }
    bool is_due() const;

private:
    static constexpr std::int64_t kNever = -1;

    const config::LockRules rules_;
    const Clock& clock_;
    const daemon::BootTimer timer_;
    std::atomic<std::int64_t> opened_ms_ = kNever;
    std::atomic<std::int64_t> used_ms_ = kNever;
};

}  // namespace nacre::vaultd
