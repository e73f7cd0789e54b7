// ServiceId: whom the server knows, as libsignal's fixed-width 17 bytes: 0 and an ACI, 1 and a PNI.
//
// Layer:   vault.
// Secrets: none by itself, but an identifier: never logged.
// Threads: values.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "api/base/bytes.h"
#include "api/base/result.h"

namespace nacre::vault {

using Uuid = std::array<std::uint8_t, 16>;

// Lower-case text with hyphens; parsing takes either case.
std::string uuid_text(const Uuid& uuid);
Result<Uuid> parse_uuid(std::string_view text);

struct ServiceId {
    std::array<std::uint8_t, 17> bytes{};

    static ServiceId aci(const Uuid& uuid);
    static ServiceId pni(const Uuid& uuid);
    // The wire's variable width (16 bytes an ACI, 17 with 1 in front a PNI) and the fixed width
    // (17 with 0 in front an ACI). Anything else: invalid_argument.
    static Result<ServiceId> parse_binary(ByteView binary);
    // "…uuid…" or "PNI:…uuid…". Anything else: invalid_argument.
    static Result<ServiceId> parse(std::string_view text);

    bool is_pni() const { return bytes[0] == 1; }
    Uuid uuid() const;
    std::string text() const;
    auto operator<=>(const ServiceId&) const = default;
};

}  // namespace nacre::vault
