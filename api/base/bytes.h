// Bytes: owned and borrowed octets, and the few conversions everybody needs.
//
// Layer:   api/base.
// Secrets: may be plaintext or ciphertext, never keys (those are sandbox/secret.h).
// Threads: pure functions.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nacre {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

inline ByteView as_bytes(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

inline std::string_view as_text(ByteView bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline Bytes to_bytes(ByteView bytes) { return {bytes.begin(), bytes.end()}; }

inline Bytes to_bytes(std::string_view text) { return to_bytes(as_bytes(text)); }

inline std::string to_string(ByteView bytes) { return std::string{as_text(bytes)}; }

inline bool equal(ByteView a, ByteView b) {
    return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size()) == 0);
}

// Lower-case hexadecimal, and standard base64 with padding.
std::string to_hex(ByteView bytes);
std::string to_base64(ByteView bytes);

// Empty on a malformed input; the caller knows whether empty is valid. Base64 is taken with or
// without padding, standard alphabet.
bool from_hex(std::string_view text, Bytes& out);
bool from_base64(std::string_view text, Bytes& out);

}  // namespace nacre
