// Rekey: a new vault key for everything: a copy of the database under the new key beside the old
// one, then a header whose slots lead to the new key, which is the moment it counts, then the copy
// in the old one's place. What a removed slot, or an old copy of the header, leads to is worth
// nothing afterwards. The owners of the remaining slots need not be asked (slot.h).
//
// Layer:   vault. Driven by daemon/vaultd.
// Secrets: the new vault key, in the arena.
// Errors:  those of the database and the header. Until commit() has written the header, a failure
//          leaves everything as it was.
// Threads: the vault's writing thread; between steps it may do other things.
#pragma once

#include <memory>
#include <vector>

#include "vault/database_copy.h"
#include "vault/vault.h"

namespace nacre::vault {

class Rekey {
public:
    // Another token for the client that the empty vault of a duress slot shall know. The key stays. All
    // slots are sealed anew, so that the header does not tell whether there is such a slot.
    static Result<SlotChange> renew_token(const Vault& vault, const TokenHash& old,
                                          const TokenHash& renewed);

    // Without the slots in `removed`. not_found, invalid_argument: as Vault::remove_slot.
    static Result<std::unique_ptr<Rekey>> begin(Vault& vault,
                                                const std::vector<std::size_t>& removed);
    // Without commit() the copy goes.
    ~Rekey();

    // A few milliseconds' work. Call until finished.
    Result<DatabaseCopy::Progress> step();

    // In the same turn of the thread as the last step, so that nothing is written in between. Then
    // the vault writes no more: its process has to end, and the next one to open it puts the copy
    // in its place.
    Result<void> commit();

private:
    Rekey(Vault& vault, SlotChange change, Secret<32> vault_key, DatabaseCopy copy);

    Vault& vault_;
    SlotChange change_;
    Secret<32> vault_key_;
    std::optional<DatabaseCopy> copy_;
    bool finished_ = false;
    bool committed_ = false;
};

}  // namespace nacre::vault
