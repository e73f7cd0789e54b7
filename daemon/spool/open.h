// Open: reads what the courier sealed; an epoch's keys.
//
// Layer:   daemon/spool; the vault's half. Includes api/base and sandbox/secret only.
// Secrets: an epoch's private key as Secret<32>; a segment's stream key, wiped with its reader.
//          What is opened is an envelope: end-to-end ciphertext and who sent it when.
// Errors:  bad_message; `where` tells a foreign epoch, a key that does not open, a record that was
//          tampered with, dropped before or swapped, and one that says another place than it
//          stands in.
// Threads: EpochKeys may be shared; a reader has one owner.
// Format:  daemon/spool/FORMAT.md.
#pragma once

#include <memory>

#include "daemon/spool/format.h"
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

// Where a record stands in the chain: the last one's sequence and hash. {0, zeros} before the
// first record ever, which has sequence 1.
struct Position {
    std::uint64_t sequence = 0;
    Hash hash{};
};

enum class Continuity : std::uint8_t {
    next,      // follows on `last`
    repeated,  // at or before `last`: sent again after a reconnection
    gap,       // records between are missing
    broken,    // the right number, but not what it was chained to
};

Continuity continuity(const Position& last, const OpenedRecord& record);

class SegmentReader {
public:
    // Costs one X25519. `keys` must be those of the header's epoch.
    static Result<SegmentReader> begin(ByteView header, const EpochKeys& keys);

    const SegmentHeader& header() const { return parsed_; }

    // Takes the segment's records in order from the first, none left out: the stream goes on with
    // each, and a failure leaves it unable to open what follows.
    Result<OpenedRecord> open(ByteView sealed);

private:
    struct Stream;
    struct Wipe {
        void operator()(Stream* stream) const;
    };

    SegmentReader() = default;

    std::unique_ptr<Stream, Wipe> stream_;
    Bytes header_;
    SegmentHeader parsed_;
    std::uint64_t next_ = 0;
    Hash hash_{};
};

}  // namespace nacre::spool
