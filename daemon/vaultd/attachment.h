// Attachment: opens a downloaded blob after checking digest and MAC.
//
// Layer:   daemon/vaultd.
// Secrets: takes the 64-byte attachment key, gives plaintext.
// Errors:  bad_message (digest, MAC, length, padding).
// Threads: pure functions.
// Wire:    key = AES-256 32 ‖ HMAC 32; blob = IV 16 ‖ AES-256-CBC ‖ HMAC-SHA256(IV ‖ ciphertext);
//          digest = SHA-256(blob); the plaintext is zero-padded, `size` is its true length.
//          Source: signal-linked-device notes C.
#pragma once

#include "api/base/bytes.h"
#include "api/base/result.h"

namespace nacre::vaultd {

Result<Bytes> open_attachment(ByteView blob, ByteView key, ByteView digest, std::size_t size);

}  // namespace nacre::vaultd
