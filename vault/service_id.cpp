#include "vault/service_id.h"

#include <algorithm>

namespace nacre::vault {
namespace {

constexpr std::string_view kPniPrefix = "PNI:";
constexpr std::size_t kUuidText = 36;

bool hyphen_at(std::size_t index) {
    return index == 8 || index == 13 || index == 18 || index == 23;
}

ServiceId make(std::uint8_t kind, ByteView uuid) {
    ServiceId id;
    id.bytes[0] = kind;
    std::copy(uuid.begin(), uuid.end(), id.bytes.begin() + 1);
    return id;
}

}  // namespace

std::string uuid_text(const Uuid& uuid) {
    std::string text = to_hex(uuid);
    for (const std::size_t at : {8, 13, 18, 23}) text.insert(at, 1, '-');
    return text;
}

Result<Uuid> parse_uuid(std::string_view text) {
    const Error bad{ErrorCode::invalid_argument, "parse uuid"};
    if (text.size() != kUuidText) return bad;
    std::string hex;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (hyphen_at(i) != (text[i] == '-')) return bad;
        if (text[i] != '-') hex.push_back(text[i]);
    }
    Bytes bytes;
    if (!from_hex(hex, bytes) || bytes.size() != 16) return bad;
    Uuid uuid;
    std::copy(bytes.begin(), bytes.end(), uuid.begin());
    return uuid;
}

ServiceId ServiceId::aci(const Uuid& uuid) { return make(0, uuid); }

ServiceId ServiceId::pni(const Uuid& uuid) { return make(1, uuid); }

Result<ServiceId> ServiceId::parse_binary(ByteView binary) {
    if (binary.size() == 16) return make(0, binary);
    if (binary.size() == 17 && binary[0] <= 1) return make(binary[0], binary.subspan(1));
    return Error{ErrorCode::invalid_argument, "parse binary service id"};
}

Result<ServiceId> ServiceId::parse(std::string_view text) {
    const bool is_pni = text.starts_with(kPniPrefix);
    if (is_pni) text.remove_prefix(kPniPrefix.size());
    const auto uuid = NACRE_TRY(parse_uuid(text));
    return is_pni ? pni(uuid) : aci(uuid);
}

Uuid ServiceId::uuid() const {
    Uuid uuid;
    std::copy(bytes.begin() + 1, bytes.end(), uuid.begin());
    return uuid;
}

std::string ServiceId::text() const {
    return (is_pni() ? std::string{kPniPrefix} : std::string{}) + uuid_text(uuid());
}

}  // namespace nacre::vault
