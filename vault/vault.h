// Vault: header and database together, opened by one secret and held by one process.
//
// Layer:   vault. What daemon/vaultd uses; stores take the Database& they work on.
// Secrets: borrows the passphrase; keeps the vault key in the arena until it ends.
// Errors:  no_vault, already_exists, wrong_passphrase, vault_damaged, vault_too_new, vault_in_use,
//          vault_rolled_back, not_found (slot), invalid_argument, disk_full, io_failed, permission_denied, resource_exhausted. None of
//          them leaves anything changed, except that a step after "unlocked" (a migration, a new
//          generation) may have been done in whole.
// Threads: writer(), apply() and a Rekey belong to one thread; reader() and the const functions to
//          any. Changes of slots are prepared and applied one after the other: the caller sees to it.
// Format:  vault/FORMAT.md.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/base/result.h"
#include "sandbox/secret.h"
#include "vault/database.h"
#include "vault/header.h"
#include "vault/kdf.h"
#include "vault/slot.h"
#include "vault/subkey.h"

namespace nacre::vault {

// What a look at the folder tells without a passphrase.
struct Probe {
    enum class State : std::uint8_t { none, present, unusable };
    State state;
    ErrorCode problem = ErrorCode::internal;  // of unusable: vault_damaged, vault_too_new, …
};

// How dear the passphrase shall be. By default measured on this machine.
struct KdfTarget {
    std::uint32_t milliseconds = 0;  // 0: kdf_limits().target_ms
    std::optional<KdfParameters> fixed;
};

struct OpenOptions {
    bool accept_older_header = false;
};

class ReaderPool;
class Rekey;
struct VaultMaker;

// What the owner is told of a slot. Numbers count from 0 to 15.
struct SlotInfo {
    std::size_t number;
    SlotType type;
    std::string label;
    std::int64_t created_ms;
};

struct NewSlot {
    SlotType type = SlotType::passphrase;
    std::string label;  // at most kMostLabelBytes, unique unless empty
    std::int64_t created_ms = 0;
    TokenHash token{};  // with duress: the client that the empty vault shall know; zeros: none
};

// A header with changed slots that is not written yet.
struct SlotChange {
    Header header;
    Directory directory;
    std::size_t number = 0;  // the slot it is about
};

// A reader on loan; gives it back at its end. See ReaderPool for its number.
class ReaderLease {
public:
    ReaderLease(ReaderLease&& other) noexcept;
    ReaderLease& operator=(ReaderLease&&) = delete;
    ~ReaderLease();
    Database& operator*() const { return *database_; }
    Database* operator->() const { return database_; }

private:
    friend class ReaderPool;
    ReaderLease(ReaderPool* pool, Database* database) : pool_{pool}, database_{database} {}
    ReaderPool* pool_;
    Database* database_;
};

class Vault {
public:
    using Progress = std::function<void(Literal sentence)>;

    static Probe probe(const std::filesystem::path& folder);

    // Makes the folder if need be. Nothing counts as a vault until everything is durable; what a
    // crash leaves of a half-made one is removed by the next create.
    static Result<std::unique_ptr<Vault>> create(const std::filesystem::path& folder,
                                                 const Passphrase& passphrase,
                                                 const KdfTarget& target, const Progress& progress);

    // Takes about as long as creation measured. Repairs a damaged header copy, ends a rekey that was
    // cut short, runs missing migrations and begins a new generation. With a duress slot's secret:
    // the other slots are destroyed in both header copies, then the database is made anew, empty,
    // before this returns, and nothing about what is returned tells.
    static Result<std::unique_ptr<Vault>> open(const std::filesystem::path& folder,
                                               const Passphrase& passphrase,
                                               const OpenOptions& options,
                                               const Progress& progress);

    // Cuts the database's log if no reader is out, then closes.
    ~Vault();
    Vault(const Vault&) = delete;
    Vault& operator=(const Vault&) = delete;

    Database& writer();

    // Waits while all readers are out. A lease must end before the vault does.
    Result<ReaderLease> reader();

    // What all page caches together may grow to: half is the writer's, the rest the readers', of
    // those that are lent for the first time after this.
    Result<void> cap_cache(std::size_t mib);

    Result<Secret<32>> subkey(Purpose purpose) const;
    KdfParameters kdf() const;
    const VaultId& id() const;

    // Counts unlocks; stands in header and database. The courier keeps a copy of it.
    std::uint64_t generation() const;

    // The database is older than the header by more than a crash explains: somebody put back an old
    // vault.db. Ratchets in it are old. Stays so, also over restarts, until settle_rollback().
    bool database_rolled_back() const;
    Result<void> settle_rollback();

    // ---- slots (vault_slots.cpp)

    std::vector<SlotInfo> slots() const;
    // The one that the vault was opened with.
    std::size_t opened_slot() const;

    // Which slot a secret opens, and how. wrong_passphrase. Costs what unlocking costs, as do the
    // preparing functions for each secret.
    Result<SlotInfo> match(const Passphrase& secret) const;

    // already_exists: the secret opens a slot already, or the label is taken; resource_exhausted: all
    // slots are in use.
    Result<SlotChange> add_slot(const NewSlot& slot, const Passphrase& secret) const;
    // invalid_argument: it is the last one that leads to the vault.
    Result<SlotChange> remove_slot(std::size_t number) const;
    // Another secret for a slot; type and label stay.
    Result<SlotChange> rotate_slot(std::size_t number, const Passphrase& secret,
                                   std::int64_t now_ms) const;
    // Other costs for all slots, so the secret of each is needed (invalid_argument: one is missing).
    Result<SlotChange> set_costs(const KdfParameters& kdf,
                                 const std::vector<Passphrase>& secrets) const;
    // Writes both header copies, one after the other, each durable.
    Result<void> apply(const SlotChange& change);

private:
    friend class Rekey;
    friend struct VaultMaker;
    struct State;
    explicit Vault(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace nacre::vault
