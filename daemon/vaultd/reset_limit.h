// ResetLimit: how often a sender may end sessions. Each end costs us a fetch of the sender's keys and
// a place in our rate limit at the server, for as long as somebody asks for it.
//
// Layer:   daemon/vaultd.
// Threads: the engine's.
//
// In memory: what it bounds is what one open vault does, and strangers shall not make the vault keep
// rows. A batch that is undone and tried again counts twice; what goes beyond is only left undone, and
// the sender's next message begins a session in any case.
#pragma once

#include <cstdint>
#include <map>

#include "vault/service_id.h"

namespace nacre::vaultd {

class ResetLimit {
public:
    // An account has at most six devices: each once an hour.
    static constexpr int kMost = 6;
    static constexpr std::int64_t kWindowMs = 60LL * 60 * 1000;

    // Whether this one may be done. `now_ms` never goes back.
    bool take(const vault::ServiceId& sender, std::int64_t now_ms);

private:
    struct Window {
        std::int64_t begun_ms = 0;
        int taken = 0;
    };
    std::map<vault::ServiceId, Window> windows_;
};

}  // namespace nacre::vaultd
