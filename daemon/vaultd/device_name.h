// Device name: encrypted so that only holders of the ACI identity key read it.
//
// Layer:   daemon/vaultd.
// Secrets: takes the agreement of a fresh ephemeral key with the ACI identity key.
// Errors:  internal.
// Threads: pure functions.
// Wire:    DeviceName{ephemeral public, synthetic IV 16, ciphertext}; with ms = the agreement:
//          siv = HMAC(HMAC(ms, "auth"), name)[0:16]; key = HMAC(HMAC(ms, "cipher"), siv);
//          AES-256-CTR from a zero counter. Source: signal-linked-device notes A.6.
#pragma once

#include "api/base/bytes.h"
#include "api/base/result.h"

namespace nacre::vaultd {

// The serialized DeviceName.
Result<Bytes> seal_device_name(std::string_view name, ByteView ephemeral_public, ByteView agreement);

}  // namespace nacre::vaultd
