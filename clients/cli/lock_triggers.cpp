#include "clients/cli/lock_triggers.h"

#include <algorithm>
#include <iterator>
#include <string_view>

#include "clients/cli/terminal_text.h"

namespace nacre::cli {
namespace {

struct Words {
    std::string_view name;
    std::string_view text;
};

// With a time of their own instead of a delay.
constexpr Words kTimes[] = {{"idle", " idle"}, {"open", " open"}};
constexpr Words kEvents[] = {
    {"session", "with the session"},  {"screen_saver", "with the screen saver"},
    {"sleep", "before sleep"},        {"shutdown", "before shutdown"},
    {"lid", "when the lid is closed"}, {"usb", "when the USB device is gone"},
};

template <std::size_t N>
const Words* find(const Words (&words)[N], std::string_view name) {
    const auto* found = std::find_if(std::begin(words), std::end(words),
                                     [&](const Words& item) { return item.name == name; });
    return found == std::end(words) ? nullptr : found;
}

std::string duration(std::uint32_t seconds) {
    if (seconds % 3600 == 0) return std::to_string(seconds / 3600) + " h";
    if (seconds % 60 == 0) return std::to_string(seconds / 60) + " min";
    return std::to_string(seconds) + " s";
}

std::string text_of(const v1::LockTrigger& trigger) {
    const std::uint32_t delay = trigger.delay_seconds();
    if (const Words* time = find(kTimes, trigger.name())) {
        return "after " + duration(delay) + std::string{time->text};
    }
    const Words* event = find(kEvents, trigger.name());
    std::string text = event == nullptr ? safe_line(trigger.name()) : std::string{event->text};
    if (delay == 0) return text;
    // Nothing sleeps for a while before it sleeps.
    if (trigger.name() == "sleep") return "after " + duration(delay) + " asleep";
    return text + " for " + duration(delay);
}

}  // namespace

std::string lock_triggers_text(const v1::GetStatusResponse& status) {
    std::string made;
    for (const v1::LockTrigger& trigger : status.lock_triggers()) {
        made += (made.empty() ? "" : ", ") + text_of(trigger);
    }
    return made;
}

}  // namespace nacre::cli
