// Unlocking: from the header's copies and a secret to the vault key.
//
// Layer:   vault, for vault.cpp and vault_slots.cpp.
// Secrets: borrows the secret; returns wrapping and vault key in the arena.
// Errors:  wrong_passphrase, vault_damaged, vault_too_new, resource_exhausted.
// Threads: stateless; Argon2 takes its time and memory.
#pragma once

#include <vector>

#include "vault/header.h"

namespace nacre::vault {

struct Unlocked {
    HeaderCopy copy;  // in today's version, whatever was read
    std::size_t slot;
    SlotType type;
    Secret<32> wrapping_key;
    Secret<32> content;   // the vault key; of a duress slot a token's hash
    Directory directory;  // empty with a duress slot, which cannot read it
};

// The newest copy that opens. The second is tried only where the copies differ: after a write that
// was cut short, or when somebody has changed one.
Result<Unlocked> unlock_any(const std::vector<HeaderCopy>& copies, const Passphrase& secret);

// A header of the same vault with one slot, `slot`, whose secret gives `wrapping_key`, around
// `vault_key`; salt, costs and generation stay. `entry` without its public key.
struct Fresh {
    Header header;
    Directory directory;
};
Result<Fresh> fresh_header(const Header& old, std::size_t slot, SlotEntry entry,
                           const Secret<32>& wrapping_key, const Secret<32>& vault_key,
                           bool database_pending);

// Puts the directory into the header.
Result<void> set_directory(Header& header, const Directory& directory, const Secret<32>& vault_key);

}  // namespace nacre::vault
