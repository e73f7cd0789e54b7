#include "daemon/overwrite/plan.h"

#include <algorithm>
#include <charconv>

namespace nacre::overwrite {
namespace {

constexpr std::uint64_t kLeastLeftKib = std::uint64_t{256} * 1024;

std::optional<std::uint64_t> field(std::string_view text, std::string_view name) {
    const std::size_t found = text.find(name);
    if (found == std::string_view::npos) return std::nullopt;
    std::size_t at = found + name.size();
    while (at < text.size() && text[at] == ' ') ++at;
    std::uint64_t number = 0;
    const auto parsed = std::from_chars(text.data() + at, text.data() + text.size(), number);
    if (parsed.ec != std::errc{}) return std::nullopt;
    return number;
}

}  // namespace

std::optional<MemoryInfo> parse_memory_info(std::string_view text) {
    const auto total = field(text, "MemTotal:");
    const auto free = field(text, "MemFree:");
    const auto available = field(text, "MemAvailable:");
    if (!total || !free || !available) return std::nullopt;
    return MemoryInfo{*total, *free, *available};
}

bool Plan::may_step(const MemoryInfo& now) const {
    if (reached()) return false;
    const std::uint64_t leave = std::max(now.total / 20, kLeastLeftKib) + kStepKib;
    return now.free >= leave && now.available >= leave;
}

std::uint32_t Plan::percent_done() const {
    if (goal_kib_ == 0) return 99;
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(done_kib_ * 100 / goal_kib_, 99));
}

}  // namespace nacre::overwrite
