#include "vault/rekey.h"

#include "vault/unlocking.h"
#include "vault/vault_state.h"

namespace nacre::vault {
namespace {

constexpr int kPagesAStep = 1024;  // 4 MiB

// The remaining slots, their fronts as they were, around the key.
Result<void> seal_to(SlotChange& change, const Secret<32>& vault_key) {
    const auto pair = NACRE_TRY(generate_pair());
    Header& header = change.header;
    header.public_key = pair.public_key;
    for (std::size_t number = 0; number < kSlotCount; ++number) {
        const auto& entry = change.directory.entries[number];
        if (!entry) continue;
        const SlotPlace place{header.vault_id, number};
        const auto token = NACRE_TRY(Secret<32>::from(entry->token));
        const bool duress = entry->type == SlotType::duress;
        NACRE_TRY(write_back_as_header(header.slots[number], place, entry->public_key, pair,
                                       duress ? token : vault_key));
    }
    return set_directory(header, change.directory, vault_key);
}

}  // namespace

Rekey::Rekey(Vault& vault, SlotChange change, Secret<32> vault_key, DatabaseCopy copy)
    : vault_{vault},
      change_{std::move(change)},
      vault_key_{std::move(vault_key)},
      copy_{std::move(copy)} {}

Rekey::~Rekey() {
    copy_.reset();
    // What cannot be removed now is removed at the next opening.
    if (!committed_) [[maybe_unused]] const auto dropped = vault_.state_->folder.drop_rekeyed();
}

Result<std::unique_ptr<Rekey>> Rekey::begin(Vault& vault,
                                            const std::vector<std::size_t>& removed) {
    Vault::State& state = *vault.state_;
    SlotChange change{state.current_header(), state.current_directory()};
    for (const std::size_t number : removed) {
        if (number >= kSlotCount || !change.directory.entries[number]) {
            return Error{ErrorCode::not_found, "remove a slot"};
        }
        change.directory.entries[number].reset();
        clear_slot(change.header.slots[number]);
    }
    if (change.directory.usable() == 0) {
        return Error{ErrorCode::invalid_argument, "remove the last slot"};
    }
    auto vault_key = NACRE_TRY(Secret<32>::random());
    NACRE_TRY(seal_to(change, vault_key));
    NACRE_TRY(state.folder.drop_rekeyed());
    const auto key = NACRE_TRY(derive_subkey(vault_key, Purpose::database));
    auto copy = DatabaseCopy::begin(state.database, state.folder.rekeyed_database(), key);
    if (!copy.ok()) {
        [[maybe_unused]] const auto dropped = state.folder.drop_rekeyed();
        return copy.error();
    }
    return std::unique_ptr<Rekey>{
        new Rekey{vault, std::move(change), std::move(vault_key), std::move(*copy)}};
}

Result<SlotChange> Rekey::renew_token(const Vault& vault, const TokenHash& old,
                                      const TokenHash& renewed) {
    const Vault::State& state = *vault.state_;
    SlotChange change{state.current_header(), state.current_directory()};
    for (auto& entry : change.directory.entries) {
        if (entry && entry->type == SlotType::duress && entry->token == old) entry->token = renewed;
    }
    NACRE_TRY(seal_to(change, state.vault_key));
    return change;
}

Result<DatabaseCopy::Progress> Rekey::step() {
    if (finished_) return Error{ErrorCode::internal, "step a finished rekey"};
    auto progress = NACRE_TRY(copy_->step(kPagesAStep));
    finished_ = progress.finished;
    return progress;
}

Result<void> Rekey::commit() {
    Vault::State& state = *vault_.state_;
    if (!finished_ || change_.header.generation != state.header.generation) {
        return Error{ErrorCode::internal, "commit a rekey out of turn"};
    }
    copy_.reset();
    NACRE_TRY(sync_folder(state.folder.database().parent_path()));
    const auto header_key = NACRE_TRY(derive_subkey(vault_key_, Purpose::header));
    ++change_.header.generation;
    // From here on the copy may be the vault, even if writing the second header copy fails.
    committed_ = true;
    state.retired = true;
    const auto written = write_header(state.folder.header(), serialize(change_.header, header_key),
                                      state.position);
    const auto frozen = state.database.freeze();
    return written.ok() ? frozen : written;
}

}  // namespace nacre::vault
