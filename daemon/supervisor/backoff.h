// Backoff: how long to wait before a child that died is started again.
//
// Layer:   daemon/supervisor.
// Threads: a value.
#pragma once

#include <algorithm>
#include <chrono>
#include <utility>

namespace nacre::supervisor {

class Backoff {
public:
    static constexpr std::chrono::milliseconds kFirst{100};
    static constexpr std::chrono::milliseconds kMost{10'000};
    // A child that was ready and lived so long after its start begins anew at kFirst.
    static constexpr std::chrono::milliseconds kGoodLife{3'000};

    // Doubles with each death that follows a short life.
    std::chrono::milliseconds after(std::chrono::milliseconds life, bool was_ready) {
        if (was_ready && life >= kGoodLife) next_ = kFirst;
        return std::exchange(next_, std::min(next_ * 2, kMost));
    }

private:
    std::chrono::milliseconds next_ = kFirst;
};

}  // namespace nacre::supervisor
