// Supervisor: nacred's loop. Keeps vaultd and the courier running and linked, and nacre-sentry
// running; passes SIGUSR1 on to vaultd.
//
// Layer:   daemon/supervisor.
// Secrets: none; the login memfd is a descriptor in Child.
// Threads: one.
#pragma once

#include <optional>
#include <vector>

#include "api/base/result.h"
#include "daemon/base/lock_signal.h"
#include "daemon/base/stop_signal.h"
#include "daemon/base/supervision.h"
#include "daemon/supervisor/child.h"

namespace nacre::supervisor {

class Supervisor {
public:
    struct Signals {
        const daemon::StopSignal& stop;
        const daemon::LockSignal& lock;
    };

    struct Children {
        Child vault;
        Child courier;
        std::optional<Child> sentry;      // only if there is something to watch
        std::optional<Child> overwriter;  // only if free memory shall be overwritten
        int progress = -1;                // the overwriter's
    };

    // `systemd`: nacred's own supervisor, told when vault and courier are ready.
    Supervisor(Children children, Signals signals, daemon::Supervision& systemd);

    // Until the stop signal; then all get SIGTERM, 10 seconds, and SIGKILL. Fails only when poll
    // does.
    Result<void> run();
    Supervisor(const Supervisor&) = delete;

private:
    static constexpr std::chrono::seconds kStopTime{10};
    // A link that breaks again and again is renewed no more often.
    static constexpr std::chrono::seconds kLinkPause{1};

    void start_due();
    bool is_overwriter(const Child* child) const;
    void signal_all(int number) const;
    // New ends of a new pair for both.
    void link();
    // When to do that for a courier that asked; nothing if it did not, or there is nobody to link.
    std::optional<Clock::time_point> link_due() const;
    void tell_systemd();
    // Takes what has come; waits for it until `deadline`. True: the stop signal is there.
    Result<bool> wait(std::optional<Clock::time_point> deadline, bool stopping);
    Result<void> stop();

    Children own_;
    Child& vault_ = own_.vault;
    Child& courier_ = own_.courier;
    std::vector<Child*> children_;  // those that there are
    Clock::time_point linked_{};
    bool link_wanted_ = false;
    const Signals signals_;
    daemon::Supervision& systemd_;
    bool was_ready_ = false;
    bool told_ready_ = false;
};

}  // namespace nacre::supervisor
