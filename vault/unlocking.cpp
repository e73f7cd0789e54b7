#include "vault/unlocking.h"

#include "vault/slot_v1.h"
#include "vault/subkey.h"

namespace nacre::vault {
namespace {

Result<void> authenticate(const Header& header, const Secret<32>& vault_key) {
    const auto header_key = NACRE_TRY(derive_subkey(vault_key, Purpose::header));
    if (is_authentic(header, header_key)) return {};
    return Error{ErrorCode::vault_damaged, "authenticate the vault header"};
}

// Version 1 had one slot and no directory; it goes to disk in today's version with the next write.
Result<Unlocked> unlock_v1(const HeaderCopy& copy, Secret<32> wrapping_key) {
    auto slot = NACRE_TRY(v1::unwrap(copy.header.slots, copy.header.vault_id, wrapping_key));
    NACRE_TRY(authenticate(copy.header, slot.vault_key));
    auto fresh = NACRE_TRY(
        fresh_header(copy.header, slot.index, {}, wrapping_key, slot.vault_key, false));
    return Unlocked{{fresh.header, copy.position}, slot.index,
                    SlotType::passphrase,          std::move(wrapping_key),
                    std::move(slot.vault_key),     std::move(fresh.directory)};
}

Result<Unlocked> unlock_copy(const HeaderCopy& copy, const Passphrase& secret) {
    const Header& header = copy.header;
    auto wrapping_key = NACRE_TRY(derive_key(secret, header.salt, header.kdf));
    if (header.version == 1) return unlock_v1(copy, std::move(wrapping_key));
    auto slot = NACRE_TRY(unwrap(header.slots, header.vault_id, header.public_key, wrapping_key));
    Unlocked unlocked{copy, slot.index, slot.type, std::move(wrapping_key), std::move(slot.content),
                      {}};
    // The slot itself was authenticated by its AEAD; the rest is the other slots' business.
    if (slot.type == SlotType::duress) return unlocked;
    NACRE_TRY(authenticate(header, unlocked.content));
    const auto key = NACRE_TRY(derive_subkey(unlocked.content, Purpose::slots));
    unlocked.directory = NACRE_TRY(open_directory(header.directory, header.vault_id, key));
    return unlocked;
}

}  // namespace

Result<Unlocked> unlock_any(const std::vector<HeaderCopy>& copies, const Passphrase& secret) {
    auto first = unlock_copy(copies.front(), secret);
    if (first.ok() || copies.size() == 1) return first;
    auto second = unlock_copy(copies.back(), secret);
    if (second.ok()) return second;
    // A copy that opened but is not authentic says more than one that did not open.
    return second.error().code == ErrorCode::vault_damaged ? second.error() : first.error();
}

Result<Fresh> fresh_header(const Header& old, std::size_t slot, SlotEntry entry,
                           const Secret<32>& wrapping_key, const Secret<32>& vault_key,
                           bool database_pending) {
    Fresh fresh{old, {}};
    Header& header = fresh.header;
    header.version = kHeaderVersion;
    // Only its public half is needed ever after: the slots have the other halves.
    header.public_key = NACRE_TRY(generate_pair()).public_key;
    clear_slots(header.slots);
    const auto pair = NACRE_TRY(generate_pair());
    const SlotPlace place{header.vault_id, slot};
    NACRE_TRY(write_front(header.slots[slot], place, entry.type, wrapping_key, pair.private_key));
    NACRE_TRY(write_back_as_slot(header.slots[slot], place, pair, header.public_key, vault_key));
    entry.public_key = pair.public_key;
    fresh.directory.entries[slot] = std::move(entry);
    fresh.directory.database_pending = database_pending;
    NACRE_TRY(set_directory(header, fresh.directory, vault_key));
    return fresh;
}

Result<void> set_directory(Header& header, const Directory& directory,
                           const Secret<32>& vault_key) {
    const auto key = NACRE_TRY(derive_subkey(vault_key, Purpose::slots));
    header.directory = NACRE_TRY(seal_directory(directory, header.vault_id, key));
    return {};
}

}  // namespace nacre::vault
