// Supervisor: nacred's loop. Keeps vaultd and the courier running and linked.
//
// Layer:   daemon/supervisor.
// Secrets: none; the login memfd is a descriptor in Child.
// Threads: one.
#pragma once

#include "api/base/result.h"
#include "daemon/base/stop_signal.h"
#include "daemon/base/supervision.h"
#include "daemon/supervisor/child.h"

namespace nacre::supervisor {

class Supervisor {
public:
    // `systemd`: nacred's own supervisor, told when both children are ready.
    Supervisor(Child vault, Child courier, const daemon::StopSignal& stop,
               daemon::Supervision& systemd)
        : vault_{std::move(vault)}, courier_{std::move(courier)}, stop_{stop}, systemd_{systemd} {}

    // Until the stop signal; then both get SIGTERM, 10 seconds, and SIGKILL. Fails only when poll
    // does.
    Result<void> run();

private:
    static constexpr std::chrono::seconds kStopTime{10};

    void start_due();
    // New ends of a new pair for both.
    void link();
    void tell_systemd();
    // Takes what has come; waits for it until `deadline`. True: the stop signal is there.
    Result<bool> wait(std::optional<Clock::time_point> deadline, bool stopping);
    Result<void> stop();

    Child vault_;
    Child courier_;
    const daemon::StopSignal& stop_;
    daemon::Supervision& systemd_;
    bool was_ready_ = false;
    bool told_ready_ = false;
};

}  // namespace nacre::supervisor
