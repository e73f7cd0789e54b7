// What peers do, for tests: seals what vaultd opens.
#pragma once

#include <string_view>

#include "api/base/bytes.h"

namespace nacre::tests {

// AES-256-CBC with PKCS#7 padding.
Bytes encrypt_cbc(ByteView key, ByteView iv, ByteView plaintext);

Bytes seal_provision_body(std::uint8_t version, ByteView shared, std::string_view message);

// IV ‖ ciphertext ‖ MAC of a 64-byte key.
Bytes seal_attachment(ByteView key, ByteView plaintext);

}  // namespace nacre::tests
