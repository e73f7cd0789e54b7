// Backoff: how long to wait before the next try.
//
// Layer:   daemon/courier.
// Threads: one owner.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>

namespace nacre::courier {

// A number below `bound`; the source of jitter, replaced by tests.
using Random = std::function<std::uint32_t(std::uint32_t bound)>;

// Doubles from 0.5 s to 60 s, each a quarter more or less, so that clients that lost the same
// server do not come back together.
class Backoff {
public:
    static constexpr std::chrono::milliseconds kFirst{500};
    static constexpr std::chrono::milliseconds kLast{60'000};

    explicit Backoff(Random random) : random_{std::move(random)} {}

    std::chrono::milliseconds next() {
        const auto base = delay_;
        delay_ = std::min(kLast, delay_ * 2);
        const auto span = static_cast<std::uint32_t>(base.count() / 2);
        return base * 3 / 4 + std::chrono::milliseconds{random_(span + 1)};
    }

    void reset() { delay_ = kFirst; }

private:
    Random random_;
    std::chrono::milliseconds delay_ = kFirst;
};

}  // namespace nacre::courier
