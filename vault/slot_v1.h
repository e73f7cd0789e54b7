// Slots as header version 1 had them: the vault key stands in the slot itself, and every slot is a
// passphrase's. Only read; what opens is written anew in version 2 (slot.h).
//
// Layer:   vault, for unlocking.cpp.
// Secrets: borrows the wrapping key, returns the vault key; all in the arena.
// Errors:  wrong_passphrase: no slot opens; vault_too_new; resource_exhausted (arena full).
// Threads: stateless.
// Format:  vault/FORMAT.md, section 10.
#pragma once

#include "vault/slot.h"

namespace nacre::vault::v1 {

struct Unwrapped {
    std::size_t index;
    Secret<32> vault_key;
};

// As vault::unwrap: all slots, always.
Result<Unwrapped> unwrap(const Slots& slots, const VaultId& vault, const Secret<32>& wrapping_key);

}  // namespace nacre::vault::v1
