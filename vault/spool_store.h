// SpoolStore: the vault's side of the spool: key pairs of the epochs, and how far it has read.
//
// Layer:   vault.
// Secrets: the epochs' private keys until they are erased.
// Errors:  Database's; already_exists for an epoch that is there.
// Threads: as its Database. Writing needs a transaction of the caller's.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "api/base/bytes.h"
#include "api/base/result.h"
#include "vault/database.h"

namespace nacre::vault {

struct SpoolEpoch {
    std::uint64_t epoch = 0;
    Bytes public_key;   // X25519, 32 bytes
    Bytes private_key;  // empty once erased
    bool drained = false;
};

struct SpoolPosition {
    std::uint64_t committed = 0;  // sequence; 0: nothing yet
    Bytes last_hash;              // of the record at `committed`; empty: none
};

class SpoolStore {
public:
    explicit SpoolStore(Database& database) : database_{database} {}

    Result<std::optional<SpoolEpoch>> epoch(std::uint64_t number);
    // Those whose private key is still there, ascending.
    Result<std::vector<SpoolEpoch>> open_epochs();
    // 0 when there is none.
    Result<std::uint64_t> newest_epoch();
    Result<void> add_epoch(std::uint64_t number, ByteView public_key, ByteView private_key);
    // Marks every epoch before `number` as drained and erases their private keys. Returns how many.
    Result<std::uint32_t> erase_before(std::uint64_t number);

    Result<SpoolPosition> position();
    Result<void> set_position(const SpoolPosition& position);

private:
    Database& database_;
};

}  // namespace nacre::vault
