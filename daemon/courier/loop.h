// Loop: the network thread as its own parts see it: later, and after a while.
//
// Layer:   daemon/courier. NetworkThread is the real one; tests bring one with their own clock.
// Threads: post() from any; timers on the loop's own thread only.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

namespace nacre::courier {

class Loop {
public:
    using Timer = std::uint64_t;

    virtual ~Loop() = default;
    // Runs `work` on the loop's thread, never inside this call or another callback: the place to
    // destroy an object from one of its own callbacks.
    virtual void post(std::function<void()> work) = 0;
    virtual Timer after(std::chrono::milliseconds delay, std::function<void()> work) = 0;
    // Harmless for one that ran, and for 0.
    virtual void cancel(Timer timer) = 0;
};

}  // namespace nacre::courier
