// Vault's functions on slots. Preparing reads a copy of the header and takes Argon2's time; only
// apply() writes.
#include <algorithm>

#include "vault/unlocking.h"
#include "vault/vault_state.h"

namespace nacre::vault {
namespace {

SlotInfo info(std::size_t number, const SlotEntry& entry) {
    return {number, entry.type, entry.label, entry.created_ms};
}

Result<Unwrapped> unwrap_with(const Header& header, const Secret<32>& wrapping_key) {
    return unwrap(header.slots, header.vault_id, header.public_key, wrapping_key);
}

Result<Secret<32>> content_of(const SlotEntry& entry, const Secret<32>& vault_key) {
    if (entry.type != SlotType::duress) return Secret<32>::from(vault_key.view());
    return Secret<32>::from(entry.token);
}

// Into place `number`, with a pair of its own.
Result<void> fill(SlotChange& change, SlotEntry entry, const Secret<32>& wrapping_key,
                  const Secret<32>& vault_key) {
    Header& header = change.header;
    Slot& slot = header.slots[change.number];
    const auto pair = NACRE_TRY(generate_pair());
    const SlotPlace place{header.vault_id, change.number};
    const auto content = NACRE_TRY(content_of(entry, vault_key));
    NACRE_TRY(write_front(slot, place, entry.type, wrapping_key, pair.private_key));
    NACRE_TRY(write_back_as_slot(slot, place, pair, header.public_key, content));
    entry.public_key = pair.public_key;
    change.directory.entries[change.number] = std::move(entry);
    return set_directory(header, change.directory, vault_key);
}

// Two slots with one secret would be one slot that cannot be removed.
Result<Secret<32>> new_wrapping_key(const Header& header, const Passphrase& secret) {
    auto wrapping_key = NACRE_TRY(derive_key(secret, header.salt, header.kdf));
    const auto opened = unwrap_with(header, wrapping_key);
    if (opened.ok()) return Error{ErrorCode::already_exists, "add a slot: the secret opens one"};
    if (opened.error().code != ErrorCode::wrong_passphrase) return opened.error();
    return wrapping_key;
}

bool label_is_taken(const Directory& directory, const std::string& label) {
    return !label.empty() &&
           std::any_of(directory.entries.begin(), directory.entries.end(),
                       [&](const auto& entry) { return entry && entry->label == label; });
}

}  // namespace

std::vector<SlotInfo> Vault::slots() const {
    const Directory directory = state_->current_directory();
    std::vector<SlotInfo> out;
    for (std::size_t number = 0; number < kSlotCount; ++number) {
        if (directory.entries[number]) out.push_back(info(number, *directory.entries[number]));
    }
    return out;
}

std::size_t Vault::opened_slot() const { return state_->slot; }

Result<SlotInfo> Vault::match(const Passphrase& secret) const {
    const Header header = state_->current_header();
    const auto wrapping_key = NACRE_TRY(derive_key(secret, header.salt, header.kdf));
    const auto opened = NACRE_TRY(unwrap_with(header, wrapping_key));
    const Directory directory = state_->current_directory();
    const auto& entry = directory.entries[opened.index];
    if (!entry) return Error{ErrorCode::vault_damaged, "find the slot in the directory"};
    return info(opened.index, *entry);
}

Result<SlotChange> Vault::add_slot(const NewSlot& slot, const Passphrase& secret) const {
    if (slot.label.size() > kMostLabelBytes) {
        return Error{ErrorCode::invalid_argument, "label a slot"};
    }
    SlotChange change{state_->current_header(), state_->current_directory()};
    if (label_is_taken(change.directory, slot.label)) {
        return Error{ErrorCode::already_exists, "label a slot"};
    }
    const auto place = change.directory.free_place();
    if (!place) return Error{ErrorCode::resource_exhausted, "add a slot: all are in use"};
    change.number = *place;
    const auto wrapping_key = NACRE_TRY(new_wrapping_key(change.header, secret));
    NACRE_TRY(fill(change, {slot.type, slot.label, slot.created_ms, {}, slot.token}, wrapping_key,
                   state_->vault_key));
    return change;
}

Result<SlotChange> Vault::remove_slot(std::size_t number) const {
    SlotChange change{state_->current_header(), state_->current_directory(), number};
    if (number >= kSlotCount || !change.directory.entries[number]) {
        return Error{ErrorCode::not_found, "remove a slot"};
    }
    change.directory.entries[number].reset();
    if (change.directory.usable() == 0) {
        return Error{ErrorCode::invalid_argument, "remove the last slot"};
    }
    clear_slot(change.header.slots[number]);
    NACRE_TRY(set_directory(change.header, change.directory, state_->vault_key));
    return change;
}

Result<SlotChange> Vault::rotate_slot(std::size_t number, const Passphrase& secret,
                                      std::int64_t now_ms) const {
    SlotChange change{state_->current_header(), state_->current_directory(), number};
    if (number >= kSlotCount || !change.directory.entries[number]) {
        return Error{ErrorCode::not_found, "rotate a slot"};
    }
    SlotEntry entry = *change.directory.entries[number];
    entry.created_ms = now_ms;
    const auto wrapping_key = NACRE_TRY(new_wrapping_key(change.header, secret));
    NACRE_TRY(fill(change, std::move(entry), wrapping_key, state_->vault_key));
    return change;
}

Result<SlotChange> Vault::set_costs(const KdfParameters& kdf,
                                    const std::vector<Passphrase>& secrets) const {
    NACRE_TRY(check(kdf));
    const Header old = state_->current_header();
    SlotChange change{old, state_->current_directory()};
    change.header.kdf = kdf;
    fill_with_random(change.header.salt);
    clear_slots(change.header.slots);
    std::array<bool, kSlotCount> done{};
    for (const Passphrase& secret : secrets) {
        const auto old_key = NACRE_TRY(derive_key(secret, old.salt, old.kdf));
        const auto opened = NACRE_TRY(unwrap_with(old, old_key));
        const auto new_key = NACRE_TRY(derive_key(secret, change.header.salt, kdf));
        // Its pair stays, and with it its back.
        change.header.slots[opened.index] = old.slots[opened.index];
        NACRE_TRY(write_front(change.header.slots[opened.index], {old.vault_id, opened.index},
                              opened.type, new_key, opened.private_key));
        done[opened.index] = true;
    }
    for (std::size_t number = 0; number < kSlotCount; ++number) {
        if (change.directory.entries[number].has_value() != done[number]) {
            return Error{ErrorCode::invalid_argument, "a slot's secret is missing"};
        }
    }
    return change;
}

Result<void> Vault::apply(const SlotChange& change) {
    // Prepared from what is no longer: it would undo what was done meanwhile.
    if (change.header.generation != state_->header.generation) {
        return Error{ErrorCode::internal, "apply a change of slots out of turn"};
    }
    return state_->write_next(change.header, change.directory);
}

}  // namespace nacre::vault
