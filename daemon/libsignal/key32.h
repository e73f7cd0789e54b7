// Key32: thirty-two secret octets: a Curve25519 private key, a shared secret, a master key.
//
// Layer:   daemon/libsignal.
// Secrets: is one. Not copyable by accident (clone() says so), not printable, wiped when it goes.
//          The memory is ordinary: what must be locked into RAM belongs into sandbox/secret.h.
// Threads: values; use from any thread.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#include "api/base/bytes.h"
#include "api/base/result.h"

namespace nacre::signal {

class Key32 {
public:
    static constexpr std::size_t kSize = 32;

    // Fails with invalid_argument on any other size.
    static Result<Key32> from(ByteView bytes) {
        if (bytes.size() != kSize) return Error{ErrorCode::invalid_argument, "key of 32 bytes"};
        Key32 key;
        std::memcpy(key.bytes_.data(), bytes.data(), kSize);
        return key;
    }

    Key32(Key32&& other) noexcept : bytes_{other.bytes_} { other.wipe(); }
    Key32& operator=(Key32&& other) noexcept {
        if (this != &other) {
            bytes_ = other.bytes_;
            other.wipe();
        }
        return *this;
    }
    Key32(const Key32&) = delete;
    Key32& operator=(const Key32&) = delete;
    ~Key32() { wipe(); }

    Key32 clone() const {
        Key32 copy;
        copy.bytes_ = bytes_;
        return copy;
    }

    // The octets, borrowed.
    ByteView reveal() const { return bytes_; }

private:
    Key32() = default;
    void wipe() { explicit_bzero(bytes_.data(), bytes_.size()); }

    std::array<std::uint8_t, kSize> bytes_{};
};

using PrivateKey = Key32;

}  // namespace nacre::signal
