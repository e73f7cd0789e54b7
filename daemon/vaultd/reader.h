// Reader: the open vault, a reading connection of its pool, and one snapshot for a whole call.
//
// Layer:   daemon/vaultd.
// Errors:  vault_locked when the vault is not open; the database's.
// Threads: a value of one thread. Short-lived: it keeps the vault open and a connection busy.
#pragma once

#include <memory>

#include "api/base/result.h"
#include "daemon/vaultd/operations.h"
#include "vault/vault.h"

namespace nacre::vaultd {

class Reader {
public:
    static Result<Reader> open(Operations& operations);
    Reader(Reader&&) noexcept = default;
    Reader& operator=(Reader&&) = delete;
    ~Reader();

    vault::Database& database() { return **lease_; }

private:
    Reader(std::shared_ptr<vault::Vault> vault, vault::ReaderLease lease);

    std::shared_ptr<vault::Vault> vault_;  // outlives the lease
    std::unique_ptr<vault::ReaderLease> lease_;
};

}  // namespace nacre::vaultd
