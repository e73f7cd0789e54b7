// Identity: an identity key pair as the account's row keeps it.
//
// Layer:   daemon/vaultd.
// Secrets: the private key.
// Format:  public key 33 bytes (0x05 and Curve25519) ‖ private key 32 bytes.
#pragma once

#include "daemon/libsignal/keys.h"

namespace nacre::vaultd {

Bytes write_identity(const signal::KeyPair& pair);
Result<signal::KeyPair> read_identity(ByteView bytes);

}  // namespace nacre::vaultd
