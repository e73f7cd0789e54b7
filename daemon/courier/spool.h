// Spool: envelopes on disk, sealed for the vault, from the moment the server may forget them until
// the vault has committed them.
//
// Layer:   daemon/courier. Writes what daemon/spool formats.
// Secrets: the newest segment's key (in its writer). Envelopes pass through on their way in.
// Errors:  unavailable before the first epoch; disk_full (with the name kSpoolFull: over the quota),
//          io_failed; open(): unsupported for a spool of another format version. After a failed
//          append nothing of the batch counts, and the next one starts a new segment: what a failed
//          write or sync left in the old one cannot be known, and no key may seal twice under one
//          number.
// Threads: the functions that change it belong to one thread (Intake's); the others are callable
//          from any.
// Format:  daemon/spool/FORMAT.md.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>

#include "daemon/courier/spool_mark.h"
#include "daemon/spool/seal.h"

namespace nacre::courier {

struct Envelope {
    std::int64_t received_ms = 0;
    std::int64_t server_ms = 0;
    Bytes bytes;
};

// Error::name of a refusal by the quota.
inline constexpr const char* kSpoolFull = "SpoolFull";

struct SpoolLimits {
    std::uint64_t most_bytes = std::uint64_t{1} << 30;
    // A segment is left for a new one beyond this: what is committed goes segment by segment.
    std::uint64_t segment_bytes = std::uint64_t{1} << 20;
    std::uint64_t most_records = 1'000'000;  // that wait for the vault
};

// A segment's durable part, and what is known to be missing from it.
struct SegmentExtent {
    std::uint64_t number = 0;
    std::uint64_t first_sequence = 0;
    std::uint64_t count = 0;  // sequences that belong to it, whether their records stand or not
    std::uint64_t bytes = 0;  // of the file; 0: there is none
    std::optional<spool::Hash> hash{};  // of the last record, if that stands

    std::uint64_t end() const { return first_sequence + count; }
};

// "00000000000000000012.seg"
std::string segment_name(std::uint64_t number);

class Spool {
public:
    // Recovers: what a crash left incomplete at the end of a segment is cut off; it was never
    // acknowledged. Reads all of the spool once.
    static Result<std::unique_ptr<Spool>> open(const StateFolder& state, const SpoolLimits& limits);

    // Seals to this key from now on; durable on return. `committed`: see EpochRequest.
    Result<void> set_epoch(std::uint64_t epoch, const spool::PublicKey& key,
                           std::uint64_t committed);

    // All of them durable on return, in this order, or none.
    Result<void> append(std::span<const Envelope> batch);

    // The vault has everything up to `sequence`: deletes what that makes superfluous. The newest
    // segment stays: it holds sequence and hash for what follows.
    void commit(std::uint64_t sequence);

    // For quiet moments: puts an empty segment in the place of one that is wholly committed.
    Result<void> tidy();
    bool untidy() const;

    bool has_epoch() const;
    std::uint64_t waiting() const;  // records not committed
    // Whether the vault has all of a segment, so that it need not be sent again.
    bool has_committed(const SegmentExtent& extent) const;
    std::uint64_t committed() const;
    std::uint64_t next_sequence() const;
    std::uint64_t bytes() const;  // on disk

    // The kept segment with this number, or with the lowest one at or above.
    std::optional<SegmentExtent> segment(std::uint64_t number) const;
    std::optional<SegmentExtent> segment_from(std::uint64_t number) const;
    int folder() const { return folder_.fd(); }

private:
    struct Epoch {
        std::uint64_t number = 0;
        spool::PublicKey key{};
    };
    // The segment that is being written.
    struct Active {
        spool::SegmentWriter writer;
        daemon::Descriptor file;
        std::uint64_t bytes = 0;  // durable; 0: not even the header
    };

    Spool(StateFolder state, StateFolder folder, const SpoolLimits& limits)
        : state_{std::move(state)}, folder_{std::move(folder)}, limits_{limits}, mark_{state_} {}

    Result<void> recover();
    Result<void> load_epoch();
    Result<void> fits(std::span<const Envelope> batch) const;
    Result<void> begin_segment();
    Result<Bytes> seal(std::span<const Envelope> batch);
    Result<void> write(const Bytes& bytes);
    void abandon();
    void account(std::uint64_t count, std::uint64_t bytes);
    void remove_committed();
    void store_mark();

    StateFolder state_;
    StateFolder folder_;
    SpoolLimits limits_;
    MarkFile mark_;
    std::optional<Active> active_;
    std::uint64_t next_segment_ = 1;

    mutable std::mutex mutex_;  // guards what follows; the changing thread reads without it
    std::optional<Epoch> epoch_;
    std::deque<SegmentExtent> segments_;
    std::uint64_t next_sequence_ = 1;
    std::uint64_t committed_ = 0;
    spool::Hash hash_{};
};

}  // namespace nacre::courier
