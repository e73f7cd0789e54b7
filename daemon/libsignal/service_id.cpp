#include "daemon/libsignal/service_id.h"

#include <algorithm>

namespace nacre::signal {
namespace {

constexpr std::string_view kPniPrefix = "PNI:";
constexpr std::size_t kUuidText = 36;
constexpr std::uint8_t kPniByte = 1;

bool is_dash(std::size_t index) { return index == 8 || index == 13 || index == 18 || index == 23; }

int digit_of(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool parse_uuid(std::string_view text, std::array<std::uint8_t, 16>& uuid) {
    if (text.size() != kUuidText) return false;
    std::size_t digits = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (is_dash(i)) {
            if (text[i] != '-') return false;
            continue;
        }
        const int digit = digit_of(text[i]);
        if (digit < 0) return false;
        auto& byte = uuid[digits / 2];
        byte = static_cast<std::uint8_t>(digits % 2 == 0 ? digit << 4 : byte | digit);
        ++digits;
    }
    return true;
}

}  // namespace

Result<ServiceId> ServiceId::parse(std::string_view text) {
    ServiceId id;
    if (text.starts_with(kPniPrefix)) {
        id.kind = Kind::pni;
        text.remove_prefix(kPniPrefix.size());
    }
    if (!parse_uuid(text, id.uuid)) return Error{ErrorCode::bad_message, "service id text"};
    return id;
}

Result<ServiceId> ServiceId::from_binary(ByteView bytes) {
    ServiceId id;
    if (bytes.size() == id.uuid.size() + 1 && bytes[0] == kPniByte) {
        id.kind = Kind::pni;
        bytes = bytes.subspan(1);
    }
    if (bytes.size() != id.uuid.size()) return Error{ErrorCode::bad_message, "service id bytes"};
    std::ranges::copy(bytes, id.uuid.begin());
    return id;
}

std::string ServiceId::to_text() const {
    constexpr char kDigits[] = "0123456789abcdef";
    std::string text{kind == Kind::pni ? kPniPrefix : std::string_view{}};
    text.reserve(text.size() + kUuidText);
    std::size_t written = 0;
    for (const auto byte : uuid) {
        if (is_dash(written)) {
            text += '-';
            ++written;
        }
        text += kDigits[byte >> 4];
        text += kDigits[byte & 15];
        written += 2;
    }
    return text;
}

Bytes ServiceId::to_binary() const {
    Bytes bytes;
    bytes.reserve(uuid.size() + 1);
    if (kind == Kind::pni) bytes.push_back(kPniByte);
    bytes.insert(bytes.end(), uuid.begin(), uuid.end());
    return bytes;
}

std::array<std::uint8_t, 17> ServiceId::to_fixed_width() const {
    std::array<std::uint8_t, 17> bytes{};
    bytes[0] = static_cast<std::uint8_t>(kind);
    std::ranges::copy(uuid, bytes.begin() + 1);
    return bytes;
}

}  // namespace nacre::signal
