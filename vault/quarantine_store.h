// QuarantineStore: envelopes that killed the daemon, and what was seen before.
//
// Layer:   vault.
// Secrets: envelopes are end-to-end ciphertext.
// Errors:  Database's.
// Threads: as its Database. Writing needs a transaction of the caller's.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "api/base/bytes.h"
#include "api/base/result.h"
#include "vault/database.h"

namespace nacre::vault {

enum class QuarantineReason : std::uint8_t { died_twice = 1 };

struct QuarantineRow {
    std::int64_t row = 0;
    std::uint64_t sequence = 0;
    QuarantineReason reason = QuarantineReason::died_twice;
    std::int64_t at_ms = 0;
    Bytes envelope;
};

class QuarantineStore {
public:
    explicit QuarantineStore(Database& database) : database_{database} {}

    // Attempts. note_attempt is committed before the spool record is handled; what is still there
    // at the next start is a death. Returns how many attempts there were before.
    Result<std::uint32_t> note_attempt(std::uint64_t sequence);
    Result<std::uint32_t> attempts(std::uint64_t sequence);
    // The lowest sequence with an attempt: where the last run died.
    Result<std::optional<std::uint64_t>> first_attempt();
    // In the transaction that commits the records.
    Result<void> forget_attempts(std::uint64_t up_to_sequence);

    Result<void> quarantine(std::uint64_t sequence, ByteView envelope, QuarantineReason reason,
                            std::int64_t now_ms);
    Result<std::uint64_t> count();
    Result<std::vector<QuarantineRow>> list();
    Result<void> remove(std::int64_t row);

    // True when the hash (32 bytes) was new and is noted now; false: a duplicate.
    Result<bool> note_seen(ByteView hash, std::int64_t now_ms);
    // Forgets what is older than 60 days. Returns how many.
    Result<std::uint32_t> purge_seen(std::int64_t now_ms);

private:
    Database& database_;
};

}  // namespace nacre::vault
