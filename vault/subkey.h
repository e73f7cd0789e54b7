// Subkey: the keys that come from the vault key, one a purpose.
//
// Layer:   vault.
// Secrets: borrows the vault key, returns keys; all in the arena.
// Errors:  resource_exhausted (arena full).
// Threads: stateless.
// Format:  vault/FORMAT.md, section 4.
#pragma once

#include <cstdint>

#include "api/base/result.h"
#include "sandbox/secret.h"

namespace nacre::vault {

enum class Purpose : std::uint8_t {
    database,  // SQLCipher's raw key
    header,    // authenticates vault.header
    blobs,     // attachments
    backups,   // backup packs
    slots,     // the slots' directory in vault.header
};

Result<Secret<32>> derive_subkey(const Secret<32>& vault_key, Purpose purpose);

}  // namespace nacre::vault
