// Seal: makes segments and records that only the holder of the epoch's private key can read.
//
// Layer:   daemon/spool; the courier's half. Includes api/base only.
// Secrets: a segment's stream key, inside SegmentWriter, wiped with it. It protects envelopes that
//          are end-to-end encrypted as they are; what it adds is who sent when.
// Errors:  invalid_argument for a public key that is none, resource_exhausted for an envelope over
//          kMaxEnvelopeBytes.
// Threads: one owner.
// Format:  daemon/spool/FORMAT.md.
#pragma once

#include <memory>

#include "daemon/spool/format.h"

namespace nacre::spool {

class SegmentWriter {
public:
    // A fresh stream key, sealed to `public_key`: one X25519, hence once a segment.
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

    // After this the stream has moved on: a record that is thrown away leaves a gap, and the
    // segment must be left with it.
    Result<Sealed> seal(std::int64_t received_ms, std::int64_t server_ms, ByteView envelope);

private:
    struct Stream;
    struct Wipe {
        void operator()(Stream* stream) const;
    };

    SegmentWriter() = default;

    std::unique_ptr<Stream, Wipe> stream_;
    Bytes header_;
    std::uint64_t epoch_ = 0;
    std::uint64_t segment_ = 0;
    std::uint64_t next_ = 0;
    Hash hash_{};
};

}  // namespace nacre::spool
