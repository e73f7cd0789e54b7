#include "daemon/config/lock_rules.h"

#include <algorithm>
#include <charconv>

namespace nacre::config {
namespace {

constexpr std::size_t kDigits = 4;
constexpr std::size_t kMostSerial = 126;  // what a USB string descriptor can hold

bool take_hex(std::string_view digits, std::uint16_t& into) {
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), into, 16);
    return digits.size() == kDigits && error == std::errc{} && end == digits.data() + kDigits;
}

bool printable(char c) { return c > 0x20 && c < 0x7f; }

}  // namespace

std::vector<LockRules::InForce> LockRules::in_force() const {
    const std::pair<std::string_view, Delay> all[] = {
        {"idle", idle},   {"open", open},
        {"session", session}, {"screen_saver", screen_saver},
        {"sleep", sleep}, {"shutdown", shutdown ? Delay{0} : std::nullopt},
        {"lid", lid},     {"usb", usb},
    };
    std::vector<InForce> made;
    for (const auto& [name, delay] : all) {
        if (delay) made.push_back({name, *delay});
    }
    return made;
}

std::optional<UsbDevice> parse_usb_device(std::string_view text) {
    UsbDevice made;
    constexpr std::size_t kSecond = kDigits + 1;
    constexpr std::size_t kShortest = kSecond + kDigits;
    if (text.size() < kShortest || text[kDigits] != ':') return std::nullopt;
    if (!take_hex(text.substr(0, kDigits), made.vendor)) return std::nullopt;
    if (!take_hex(text.substr(kSecond, kDigits), made.product)) return std::nullopt;
    if (made.vendor == 0) return std::nullopt;  // nobody has it
    text.remove_prefix(kShortest);
    if (text.empty()) return made;
    made.serial = text.substr(1);
    if (text.front() != ':' || made.serial.empty() || made.serial.size() > kMostSerial ||
        !std::all_of(made.serial.begin(), made.serial.end(), printable)) {
        return std::nullopt;
    }
    return made;
}

}  // namespace nacre::config
