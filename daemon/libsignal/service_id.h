// ServiceId and Address: who somebody is to the server, and one of their devices.
//
// Layer:   daemon/libsignal. Needs no Host: the texts and bytes are simple and public.
// Secrets: none; but they say who talks to whom, so they never reach a log.
// Errors:  bad_message for texts and bytes that are no service id.
// Threads: values; use from any thread.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>

#include "api/base/bytes.h"
#include "api/base/result.h"

namespace nacre::signal {

// An account (ACI) or a phone number's identity (PNI).
struct ServiceId {
    enum class Kind : std::uint8_t { aci = 0, pni = 1 };

    Kind kind = Kind::aci;
    std::array<std::uint8_t, 16> uuid{};

    auto operator<=>(const ServiceId&) const = default;

    // From "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", with "PNI:" in front for a PNI. Takes upper case
    // too, as libsignal does; gives lower case back.
    static Result<ServiceId> parse(std::string_view text);

    // From the wire's bytes: 16 are an ACI, 0x01 and 16 are a PNI. Nothing else is taken.
    static Result<ServiceId> from_binary(ByteView bytes);

    // The other direction of both.
    std::string to_text() const;
    Bytes to_binary() const;

    // Kind and UUID in 17 bytes, for both kinds: libsignal's fixed-width form.
    std::array<std::uint8_t, 17> to_fixed_width() const;
};

// One device of an account: what a session is with.
struct Address {
    ServiceId service;
    std::uint32_t device = 0;

    auto operator<=>(const Address&) const = default;
};

}  // namespace nacre::signal

// A UUID is random (or chosen by an attacker, who gains nothing from a slow lookup among contacts):
// its first eight bytes serve as the hash.
template <>
struct std::hash<nacre::signal::ServiceId> {
    std::size_t operator()(const nacre::signal::ServiceId& id) const noexcept {
        std::size_t value = 0;
        std::memcpy(&value, id.uuid.data(), sizeof value);
        return value ^ static_cast<std::size_t>(id.kind);
    }
};

template <>
struct std::hash<nacre::signal::Address> {
    std::size_t operator()(const nacre::signal::Address& address) const noexcept {
        return std::hash<nacre::signal::ServiceId>{}(address.service) * 31 + address.device;
    }
};
