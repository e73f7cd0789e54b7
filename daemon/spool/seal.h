// Seal: makes segments and records that only the holder of the epoch's private key can read.
//
// Layer:   daemon/spool; the courier's half. Includes api/base only.
// Secrets: a segment's key, inside SegmentWriter, wiped with it.
// Errors:  invalid_argument for a public key that is none, resource_exhausted for an envelope over
//          kMaxEnvelopeBytes.
// Threads: one owner.
// Format:  daemon/spool/FORMAT.md.
#pragma once

#include "daemon/spool/record_key.h"

namespace nacre::spool {

class SegmentWriter {
public:
    // A fresh key, sealed to `public_key`: one X25519, hence once a segment.
    static Result<SegmentWriter> begin(std::uint64_t epoch, const PublicKey& public_key,
                                       std::uint64_t segment, std::uint64_t first_sequence,
                                       const Hash& hash_before);

    const Bytes& header() const { return header_; }
    std::uint64_t segment() const { return segment_; }
    // Of the record that seal() makes next, and of the record before it.
    std::uint64_t next_sequence() const { return next_; }
    const Hash& hash() const { return hash_; }

    struct Sealed {
        std::uint64_t sequence = 0;
        Bytes message;  // what crosses the link
        Hash hash;
    };

    // Each call has a sequence, and so a nonce, of its own. A record that is thrown away leaves a
    // gap: the segment must be left with it, never sealed to again under the same number.
    Result<Sealed> seal(std::int64_t received_ms, std::int64_t server_ms, ByteView envelope);

private:
    SegmentWriter(Bytes header, RecordKey key) : header_{std::move(header)}, key_{std::move(key)} {}

    Bytes header_;
    RecordKey key_;
    std::uint64_t epoch_ = 0;
    std::uint64_t segment_ = 0;
    std::uint64_t next_ = 0;
    Hash hash_{};
};

}  // namespace nacre::spool
