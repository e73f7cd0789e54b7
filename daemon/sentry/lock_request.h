// LockRequest: says "lock" to vaultd, and hears when the keys are wiped. All that nacre-sentry can
// say to anybody.
//
// Layer:   daemon/sentry.
// Errors:  none: what goes wrong is logged, and means that nobody is there who could hold keys.
// Threads: one.
#pragma once

#include <filesystem>
#include <functional>
#include <vector>

#include "daemon/base/descriptor.h"
#include "daemon/sentry/handles.h"

namespace nacre::sentry {

class LockRequest {
public:
    LockRequest(sd_event* event, std::filesystem::path socket)
        : event_{event}, path_{std::move(socket)} {}
    LockRequest(const LockRequest&) = delete;

    // `wiped` is called later or at once, when no vault is open any more.
    using Wiped = std::function<void()>;
    void send(Wiped wiped = {});

private:
    void attempt();
    void wait_for_end();
    void retry_soon();
    void done();

    sd_event* const event_;
    const std::filesystem::path path_;
    daemon::Descriptor socket_;
    EventSource source_;
    std::vector<Wiped> waiting_;
    bool under_way_ = false;
};

}  // namespace nacre::sentry
