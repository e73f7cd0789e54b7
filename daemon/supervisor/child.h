// Child: one of nacred's programs, through its lives.
//
// Layer:   daemon/supervisor.
// Secrets: keeps the courier's login memfd, unread.
// Threads: one.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "daemon/base/control.h"
#include "daemon/supervisor/backoff.h"
#include "daemon/supervisor/spawn.h"

namespace nacre::supervisor {

using Clock = std::chrono::steady_clock;

class Child {
public:
    enum class Kind : std::uint8_t {
        vault,
        courier,  // whose login is kept
        sentry,
        task,  // runs when it is wanted, once
    };
    Child(Literal name, Kind kind, Program program, std::vector<Inherited> descriptors)
        : name_{name},
          kind_{kind},
          program_{std::move(program)},
          descriptors_{std::move(descriptors)} {}

    // Starts it with its descriptors, a new `control`, and `login` if one is kept. When that fails
    // (no memory, no descriptors), the next try is due later.
    void start(Clock::time_point now);

    bool running() const { return process_.pid > 0; }
    bool ready() const { return ready_; }
    Literal name() const { return name_; }
    // -1 when not running.
    int control_fd() const { return control_.get(); }
    int pidfd() const { return process_.pidfd.get(); }
    // When to start it again; nothing while it runs.
    std::optional<Clock::time_point> due() const;
    // A task shall run: now, or again once it has ended.
    void want() { wanted_ = true; }
    // Whether it said so since the last time of asking.
    bool take_want_link() { return std::exchange(wants_link_, false); }
    // Whether one that held secrets has ended since the last time of asking.
    bool take_exposed() { return std::exchange(exposed_, false); }

    // Takes one message. A child that breaks the protocol is killed.
    void read_control();
    // Hands a link over. A child that does not take its messages is killed.
    void send_link(int descriptor);
    // After pidfd became readable: reaps, logs, and sets when it is due again.
    void reap(Clock::time_point now);
    void signal(int number) const;

private:
    void take(daemon::ControlMessage message);
    void log_death(int code, int status) const;

    Literal name_;
    Kind kind_;
    Program program_;
    std::vector<Inherited> descriptors_;

    Process process_;
    daemon::Descriptor control_;
    daemon::Descriptor login_;
    Backoff backoff_;
    Clock::time_point started_{};
    Clock::time_point due_{};
    bool ready_ = false;
    bool locking_ = false;
    bool unlocked_ = false;
    bool exposed_ = false;
    bool wants_link_ = false;
    bool wanted_ = false;
};

}  // namespace nacre::supervisor
