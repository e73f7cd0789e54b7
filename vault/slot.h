// Slot: one wrapped copy of the vault key. All slots look alike: unused ones are random bytes, and
// what kind a slot is stands inside the encryption.
//
// Layer:   vault.
// Secrets: borrows wrapping key and vault key, returns the vault key; all in the arena.
// Errors:  wrong_passphrase: no slot opens; resource_exhausted (arena full).
// Threads: stateless.
// Format:  vault/FORMAT.md, section 3.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "api/base/result.h"
#include "sandbox/secret.h"

namespace nacre::vault {

inline constexpr std::size_t kSlotCount = 16;
inline constexpr std::size_t kSlotSize = 128;
inline constexpr std::size_t kVaultIdSize = 16;

enum class SlotType : std::uint32_t {
    passphrase = 1,
};

using Slot = std::array<std::uint8_t, kSlotSize>;
using Slots = std::array<Slot, kSlotCount>;
using VaultId = std::array<std::uint8_t, kVaultIdSize>;

// Fills all slots with what cannot be told from a used one.
void clear_slots(Slots& slots);

// Writes slot `index`: the vault key under `wrapping_key`, bound to vault and index.
Result<void> wrap(Slots& slots, std::size_t index, const VaultId& vault, SlotType type,
                  const Secret<32>& wrapping_key, const Secret<32>& vault_key);

struct Unwrapped {
    std::size_t index;
    SlotType type;
    Secret<32> vault_key;
};

// Tries all slots, always all of them, whichever opens: how long it takes tells nothing about which
// slots are used. A wrong passphrase and a damaged slot cannot be told apart.
Result<Unwrapped> unwrap(const Slots& slots, const VaultId& vault, const Secret<32>& wrapping_key);

}  // namespace nacre::vault
