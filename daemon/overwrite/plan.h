// Plan: how much free memory the overwriter may take next.
//
// Layer:   daemon/overwrite.
// Secrets: none.
// Threads: values.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace nacre::overwrite {

// Of /proc/meminfo, in KiB.
struct MemoryInfo {
    std::uint64_t total = 0;
    std::uint64_t free = 0;       // MemFree
    std::uint64_t available = 0;  // MemAvailable
};

// Nothing if a field is missing.
std::optional<MemoryInfo> parse_memory_info(std::string_view text);

inline constexpr std::uint64_t kStepKib = std::uint64_t{16} * 1024;

class Plan {
public:
    // `percent` of what is free now, 1 to 90, in whole steps.
    Plan(const MemoryInfo& now, std::uint32_t percent)
        : goal_kib_{(now.free / 100 * percent + kStepKib - 1) / kStepKib * kStepKib} {}

    // Whether another step may be taken: the goal is not reached, and at least a twentieth of the
    // machine's memory and 256 MiB stay for others, of what is free and of what is available. So
    // nothing is pushed out of the page cache and nothing into swap.
    bool may_step(const MemoryInfo& now) const;
    void stepped() { done_kib_ += kStepKib; }
    bool reached() const { return done_kib_ >= goal_kib_; }
    // 0 to 99; 100 only at the end.
    std::uint32_t percent_done() const;

private:
    std::uint64_t goal_kib_;
    std::uint64_t done_kib_ = 0;
};

}  // namespace nacre::overwrite
