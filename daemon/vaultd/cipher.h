// Cipher: the symmetric primitives that Signal's formats use outside libsignal, taken from OpenSSL
// and libsodium.
//
// Layer:   daemon/vaultd. The only file of vaultd that includes OpenSSL.
// Secrets: keys and plaintext, borrowed; results are the caller's.
// Errors:  bad_message (padding, length), internal (the library refused).
// Threads: pure functions.
#pragma once

#include <array>
#include <span>

#include "api/base/bytes.h"
#include "api/base/result.h"

namespace nacre::vaultd {

using Digest = std::array<std::uint8_t, 32>;

Digest sha256(ByteView data);
Digest hmac_sha256(ByteView key, ByteView data);

// HKDF with SHA-256 and no salt, into `out`.
Result<void> hkdf_sha256(ByteView input, std::string_view info, std::span<std::uint8_t> out);

// AES-256-CBC with PKCS#7 padding; key 32 bytes, iv 16 bytes. The caller has checked a MAC first.
Result<Bytes> decrypt_cbc(ByteView key, ByteView iv, ByteView ciphertext);

// AES-256-CTR from a zero counter block; key 32 bytes. Encrypts and decrypts.
Result<Bytes> apply_ctr(ByteView key, ByteView data);

// Constant time; false on different lengths.
bool equal_mac(ByteView a, ByteView b);

}  // namespace nacre::vaultd
