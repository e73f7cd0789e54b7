// Open: reads what the courier sealed; an epoch's keys.
//
// Layer:   daemon/spool; the vault's half. Includes api/base and sandbox/secret only.
// Secrets: an epoch's private key as Secret<32>; a segment's key, wiped with its reader.
//          What is opened is an envelope: end-to-end ciphertext and who sent it when.
// Errors:  bad_message; `where` tells a foreign epoch, a key that does not open, and a record that
//          was tampered with or says another place than it stands in.
// Threads: EpochKeys may be shared; a reader has one owner.
// Format:  daemon/spool/FORMAT.md.
#pragma once

#include <optional>

#include "daemon/spool/record_key.h"
#include "sandbox/secret.h"

namespace nacre::spool {

inline constexpr std::size_t kPrivateKeyBytes = 32;

// From one unlock to the next. The public half goes to the courier, the private half dies when the
// records sealed to it are drained.
struct EpochKeys {
    std::uint64_t epoch = 0;
    PublicKey public_key{};
    Secret<kPrivateKeyBytes> private_key;
};

Result<EpochKeys> generate_epoch(std::uint64_t epoch);

struct OpenedRecord {
    std::uint64_t epoch = 0;
    std::uint64_t sequence = 0;
    Hash hash_before{};
    Hash hash{};  // of this record
    std::int64_t received_ms = 0;  // the courier's clock
    std::int64_t server_ms = 0;    // as the server delivered it, 0 unknown
    Bytes envelope;
};

// The last record that was taken, or given up as lost: then its hash is not known. {0, nothing}
// before the first record ever, which has sequence 1.
struct Position {
    std::uint64_t sequence = 0;
    std::optional<Hash> hash;
};

enum class Continuity : std::uint8_t {
    next,      // follows on `last`
    repeated,  // at or before `last`: sent again after a reconnection
    gap,       // records between are missing
    broken,    // the right number, but not chained to what was before it here
};

Continuity continuity(const Position& last, const OpenedRecord& record);

class SegmentReader {
public:
    // Costs one X25519. `keys` must be those of the header's epoch.
    static Result<SegmentReader> begin(ByteView header, const EpochKeys& keys);

    const SegmentHeader& header() const { return parsed_; }

    // Any of the segment's records, in any order; one that does not open says nothing of the others.
    Result<OpenedRecord> open(std::uint64_t sequence, ByteView sealed) const;

private:
    SegmentReader(Bytes header, const SegmentHeader& parsed, RecordKey key)
        : header_{std::move(header)}, parsed_{parsed}, key_{std::move(key)} {}

    Bytes header_;
    SegmentHeader parsed_;
    RecordKey key_;
};

}  // namespace nacre::spool
