// Slot: one way to open the vault key. All slots look alike: unused ones are random bytes, and what
// kind a slot is stands inside the encryption.
//
// A slot has an X25519 pair of its own. Its front part is the private half under the wrapping key
// (Argon2id of the owner's secret); its back part is the content, the vault key, under a key that
// the pair and the header's pair agree on. So the content of every slot can be written anew by
// whoever knows the public halves (a rekey), without asking for every owner's secret.
//
// Layer:   vault.
// Secrets: borrows wrapping key, private keys and content, returns the latter two; in the arena.
// Errors:  wrong_passphrase: no slot opens; vault_too_new: a type from the future; vault_damaged: a
//          front that opens with a back that does not; resource_exhausted (arena full).
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

// What the owner has to show. All but the last lead to the vault.
enum class SlotType : std::uint32_t {
    passphrase = 1,
    recovery_key = 2,
    key_file = 3,
    credential = 4,  // of systemd, for machines that start alone
    device = 5,      // 32 bytes from nacre-slot
    duress = 6,      // destroys the others and opens an empty vault
};
inline constexpr std::uint32_t kNewestSlotType = 6;

using Slot = std::array<std::uint8_t, kSlotSize>;
using Slots = std::array<Slot, kSlotCount>;
using VaultId = std::array<std::uint8_t, kVaultIdSize>;
using PublicKey = std::array<std::uint8_t, 32>;

struct KeyPair {
    PublicKey public_key{};
    Secret<32> private_key;
};
Result<KeyPair> generate_pair();

// Fills a slot, or all of them, with what cannot be told from a used one.
void clear_slot(Slot& slot);
void clear_slots(Slots& slots);

// What a slot's keys are bound to.
struct SlotPlace {
    const VaultId& vault;
    std::size_t index;
};

// Writes the front part.
Result<void> write_front(Slot& slot, const SlotPlace& place, SlotType type,
                         const Secret<32>& wrapping_key, const Secret<32>& private_key);

// Write the back part: either private half, and the other's public one.
Result<void> write_back_as_slot(Slot& slot, const SlotPlace& place, const KeyPair& pair,
                                const PublicKey& header_key, const Secret<32>& content);
Result<void> write_back_as_header(Slot& slot, const SlotPlace& place, const PublicKey& slot_key,
                                  const KeyPair& header_pair, const Secret<32>& content);

struct Unwrapped {
    std::size_t index;
    SlotType type;
    Secret<32> private_key;
    Secret<32> content;  // the vault key; of a duress slot something else
};

// Tries all slots, always all of them, whichever opens: how long it takes tells nothing about which
// slots are used. A wrong secret and a damaged slot cannot be told apart.
Result<Unwrapped> unwrap(const Slots& slots, const VaultId& vault, const PublicKey& header_key,
                         const Secret<32>& wrapping_key);

}  // namespace nacre::vault
