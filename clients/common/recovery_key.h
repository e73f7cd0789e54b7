// Recovery keys: 160 random bits that a person can write down, type in again, and be told about a
// slip of the pen before the vault is asked.
//
// Layer:   clients/common.
// Secrets: the key; its text in the arena.
// Errors:  bad_message: not a recovery key, or a mistyped one; resource_exhausted.
// Threads: pure.
// Format:  vault/FORMAT.md, section 2.
#pragma once

#include "api/base/result.h"
#include "sandbox/secret.h"

namespace nacre::client {

// 36 symbols in nine groups of four with hyphens between them.
inline constexpr std::size_t kRecoveryTextSize = 44;

// As it is shown.
Result<Passphrase> make_recovery_key();

// What the vault is asked with, from what a person typed: spaces, hyphens and small letters are
// fine, O counts as 0, I and L as 1.
Result<Passphrase> parse_recovery_key(const Passphrase& typed);

}  // namespace nacre::client
