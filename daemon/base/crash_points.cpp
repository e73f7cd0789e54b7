#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <string>

#include "api/base/log.h"
#include "daemon/base/crash_point.h"

namespace nacre::daemon {
namespace {

struct Plan {
    std::string name;
    unsigned hit = 1;
    bool by_abort = false;
};

[[noreturn]] void refuse() {
    log::write(log::Level::error, "NACRE_CRASH_POINT does not name a crash point");
    _exit(2);
}

Plan read_plan() {
    const char* value = std::getenv("NACRE_CRASH_POINT");
    if (value == nullptr || *value == '\0') return {};
    std::string_view rest{value};
    const auto part = [&rest] {
        const std::string_view text = rest.substr(0, rest.find(':'));
        rest.remove_prefix(std::min(text.size() + 1, rest.size()));
        return text;
    };
    Plan plan{std::string{part()}};
    if (std::find(kCrashPoints.begin(), kCrashPoints.end(), plan.name) == kCrashPoints.end())
        refuse();
    while (!rest.empty()) {
        const std::string_view text = part();
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), plan.hit);
        if (text == "abort") plan.by_abort = true;
        else if (error != std::errc{} || end != text.data() + text.size() || plan.hit == 0)
            refuse();
    }
    return plan;
}

}  // namespace

void crash_point(CrashPoint point) {
    static const Plan plan = read_plan();
    static std::atomic<unsigned> hits{0};
    if (plan.name != point.name() || hits.fetch_add(1) + 1 != plan.hit) return;
    if (plan.by_abort) std::abort();
    std::raise(SIGKILL);
}

void crash_point(CrashPoint point, ByteView text) {
    if (as_text(text).find("nacre-poison") != std::string_view::npos) crash_point(point);
}

}  // namespace nacre::daemon
