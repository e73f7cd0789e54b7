#include "daemon/vaultd/auto_lock.h"

#include <algorithm>
#include <limits>

namespace nacre::vaultd {
namespace {

constexpr std::int64_t kForEver = std::numeric_limits<std::int64_t>::max();

std::int64_t after(std::int64_t begin_ms, const config::LockRules::Delay& delay) {
    return delay ? begin_ms + std::int64_t{*delay} * 1000 : kForEver;
}

}  // namespace

void AutoLock::opened() {
    used();
    opened_ms_ = clock_.boot_ms();
    timer_.set(due());
}

std::optional<std::int64_t> AutoLock::due() const {
    const std::int64_t opened_ms = opened_ms_;
    if (opened_ms == kNever) return std::nullopt;
    const std::int64_t first = std::min(after(opened_ms, rules_.open), after(used_ms_, rules_.idle));
    if (first == kForEver) return std::nullopt;
    return first;
}

bool AutoLock::is_due() const {
    const auto when = due();
    if (when && *when <= clock_.boot_ms()) return true;
    timer_.set(when);
    return false;
}

}  // namespace nacre::vaultd
