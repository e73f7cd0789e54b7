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

    // `sentry`: only if there is something to watch. `systemd`: nacred's own supervisor, told when
    // vault and courier are ready.
    Supervisor(Child vault, Child courier, std::optional<Child> sentry, Signals signals,
               daemon::Supervision& systemd);

    // Until the stop signal; then all get SIGTERM, 10 seconds, and SIGKILL. Fails only when poll
    // does.
    Result<void> run();
    Supervisor(const Supervisor&) = delete;

private:
    static constexpr std::chrono::seconds kStopTime{10};

    void start_due();
    void signal_all(int number) const;
    // New ends of a new pair for both.
    void link();
    void tell_systemd();
    // Takes what has come; waits for it until `deadline`. True: the stop signal is there.
    Result<bool> wait(std::optional<Clock::time_point> deadline, bool stopping);
    Result<void> stop();

    Child vault_;
    Child courier_;
    std::optional<Child> sentry_;
    std::vector<Child*> children_;  // those that there are
    const Signals signals_;
    daemon::Supervision& systemd_;
    bool was_ready_ = false;
    bool told_ready_ = false;
};

}  // namespace nacre::supervisor
