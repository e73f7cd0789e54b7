#include "daemon/vaultd/reset_limit.h"

namespace nacre::vaultd {

bool ResetLimit::take(const vault::ServiceId& sender, std::int64_t now_ms) {
    std::erase_if(windows_, [&](const auto& one) { return now_ms - one.second.begun_ms >= kWindowMs; });
    Window& window = windows_.try_emplace(sender, Window{now_ms, 0}).first->second;
    if (window.taken == kMost) return false;
    ++window.taken;
    return true;
}

}  // namespace nacre::vaultd
