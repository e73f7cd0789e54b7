// Format: the bytes that the courier writes for the vault, and how much of them anybody can read.
//
// Layer:   daemon/spool. Includes api/base only.
// Secrets: none. Headers and record hashes stand in the clear; envelopes are sealed.
// Errors:  bad_message for bytes that are not a header or a record.
// Threads: pure functions.
// Format:  daemon/spool/FORMAT.md.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "api/base/bytes.h"
#include "api/base/result.h"

namespace nacre::spool {

inline constexpr std::uint32_t kVersion = 2;
inline constexpr std::size_t kHashBytes = 32;
inline constexpr std::size_t kPublicKeyBytes = 32;
inline constexpr std::size_t kRecordKeyBytes = 32;
inline constexpr std::size_t kSealedKeyBytes = 80;  // crypto_box_seal of 32 bytes
inline constexpr std::size_t kSegmentHeaderBytes = 160;
// A segment's file begins with its header, has it again in another page, and then the records.
inline constexpr std::size_t kHeaderCopyAt = 4096;
inline constexpr std::size_t kSegmentHeadBytes = kHeaderCopyAt + kSegmentHeaderBytes;
inline constexpr std::size_t kSealOverheadBytes = 16;          // the AEAD's tag
inline constexpr std::size_t kRecordFieldsBytes = 68;          // before the envelope, sealed
inline constexpr std::size_t kFrameBytes = 4 + 8 + kHashBytes;  // before the sealed bytes, on disk

// The server's own limit for a frame is 512 KiB; sealed and padded this still fits a link frame.
inline constexpr std::size_t kMaxEnvelopeBytes = 640 * 1024;
inline constexpr std::size_t kMaxSealedBytes = 768 * 1024 + kSealOverheadBytes;
inline constexpr std::size_t kMinSealedBytes = 512 + kSealOverheadBytes;

// Beyond this no sequence is believed: it leaves room to count on.
inline constexpr std::uint64_t kMostSequence = std::uint64_t{1} << 62;

using Hash = std::array<std::uint8_t, kHashBytes>;
using PublicKey = std::array<std::uint8_t, kPublicKeyBytes>;

struct SegmentHeader {
    std::uint64_t epoch = 0;
    std::uint64_t segment = 0;         // rises by one with each segment, whatever the epoch
    std::uint64_t first_sequence = 0;  // of its first record; rises by one a record for ever
    Hash hash_before{};                // of the record before that one; zeros before the first
    std::array<std::uint8_t, kSealedKeyBytes> sealed_key{};
};

Bytes write_header(const SegmentHeader& header);

// Takes exactly kSegmentHeaderBytes. unsupported: of another version of this format.
Result<SegmentHeader> parse_header(ByteView bytes);

// The front of a segment's file: `header` twice.
Bytes write_head(ByteView header);

// The header's bytes from the front of a file: the first of the two that is whole.
Result<Bytes> header_of(ByteView file);

// The hash of a record: of its segment's number, its sequence and its sealed bytes. Needs no key,
// so that the courier can tell whole records from damaged ones, and go on with the chain after it
// was started again. The chain itself is sealed: each record holds the hash of the one before.
Hash hash_record(std::uint64_t segment, std::uint64_t sequence, ByteView sealed);

// The plaintext length that `length` bytes of fields and envelope are padded to: 512, then four
// steps an octave (at most 25 % more), so that the disk tells sizes only roughly.
std::size_t padded_length(std::size_t length);

// A record as it stands in a file: length, sequence, hash, sealed bytes.
struct RecordView {
    std::uint64_t sequence = 0;
    Hash hash{};
    ByteView sealed;
    std::size_t size = 0;  // of all of it in the file
};

Bytes write_record(std::uint64_t sequence, const Hash& hash, ByteView sealed);

// The record at the front of `bytes` as its length says, its hash not looked at. Nothing when it
// is cut short, or its length or sequence cannot be.
std::optional<RecordView> parse_frame(ByteView bytes);

// The record at the front of `bytes`. bad_message when it is cut short, its length cannot be, or
// its hash is not that of what stands there.
Result<RecordView> parse_record(ByteView bytes, std::uint64_t segment);

// What a record counts against the vault's credit: one, and one more for each kCreditBytes. So
// what may be under way is bounded in bytes, too.
inline constexpr std::size_t kCreditBytes = 8192;
constexpr std::uint64_t credit_cost(std::size_t sealed_bytes) {
    return 1 + sealed_bytes / kCreditBytes;
}

// What is sealed. Views into the plaintext that was parsed.
struct RecordFields {
    std::uint64_t epoch = 0;
    std::uint64_t sequence = 0;
    Hash hash_before{};
    std::int64_t received_ms = 0;
    std::int64_t server_ms = 0;
    ByteView envelope;
};

// Padded plaintext of `fields`.
Bytes write_fields(const RecordFields& fields);
Result<RecordFields> parse_fields(ByteView plaintext);

// The additional data of each record: which segment it stands in, by its whole header (epoch,
// number, key), and which record of it is meant.
Bytes additional_data(ByteView header, std::uint64_t sequence);

// A key seals one record of each sequence, so the sequence is nonce enough.
using Nonce = std::array<std::uint8_t, 24>;
Nonce nonce_of(std::uint64_t sequence);

}  // namespace nacre::spool
