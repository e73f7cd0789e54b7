// Key32: thirty-two secret octets: a Curve25519 private key, a shared secret, a master key.
//
// Layer:   daemon/libsignal.
// Secrets: is one: sandbox/secret.h's, in locked memory, moved and not copied, wiped at its end.
// Errors:  invalid_argument for any other length.
// Threads: values; use from any thread.
#pragma once

#include "api/base/bytes.h"
#include "api/base/result.h"
#include "sandbox/secret.h"

namespace nacre::signal {

using Key32 = Secret<32>;
using PrivateKey = Key32;

// Copies; the caller wipes the source.
inline Result<Key32> key32_from(ByteView bytes) {
    if (bytes.size() != 32) return Error{ErrorCode::invalid_argument, "key of 32 bytes"};
    return Key32::from(bytes.first<32>());
}

}  // namespace nacre::signal
