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

inline constexpr std::uint32_t kVersion = 1;
inline constexpr std::size_t kHashBytes = 32;
inline constexpr std::size_t kPublicKeyBytes = 32;
inline constexpr std::size_t kSealedKeyBytes = 80;     // crypto_box_seal of 32 bytes
inline constexpr std::size_t kStreamHeaderBytes = 24;  // crypto_secretstream header
inline constexpr std::size_t kSegmentHeaderBytes = 168;
inline constexpr std::size_t kSealOverheadBytes = 17;   // crypto_secretstream tag and MAC
inline constexpr std::size_t kRecordFieldsBytes = 68;   // before the envelope, inside the seal
inline constexpr std::size_t kFrameBytes = 4 + kHashBytes;  // before the sealed bytes, on disk

// The server's own limit for a frame is 512 KiB; sealed and padded this still fits a link frame.
inline constexpr std::size_t kMaxEnvelopeBytes = 640 * 1024;
inline constexpr std::size_t kMaxSealedBytes = 768 * 1024 + kSealOverheadBytes;
inline constexpr std::size_t kMinSealedBytes = 512 + kSealOverheadBytes;

using Hash = std::array<std::uint8_t, kHashBytes>;
using PublicKey = std::array<std::uint8_t, kPublicKeyBytes>;

struct SegmentHeader {
    std::uint64_t epoch = 0;
    std::uint64_t segment = 0;         // rises by one with each segment, whatever the epoch
    std::uint64_t first_sequence = 0;  // of its first record; rises by one a record for ever
    Hash hash_before{};                // of the record before that one; zeros before the first
    std::array<std::uint8_t, kSealedKeyBytes> sealed_key{};
    std::array<std::uint8_t, kStreamHeaderBytes> stream_header{};
};

Bytes write_header(const SegmentHeader& header);

// Takes exactly kSegmentHeaderBytes.
Result<SegmentHeader> parse_header(ByteView bytes);

// The hash of a record: of the one before it, its sequence, and its sealed bytes. Needs no key, so
// that a courier that started again can go on with the chain.
Hash hash_record(const Hash& before, std::uint64_t sequence, ByteView sealed);

// The plaintext length that `length` bytes of fields and envelope are padded to: 512, then four
// steps an octave (at most 25 % more), so that the disk tells sizes only roughly.
std::size_t padded_length(std::size_t length);

// A record as it stands in a file: length, hash, sealed bytes.
struct RecordView {
    ByteView sealed;
    Hash hash;
    std::size_t size = 0;  // of all of it in the file
};

Bytes write_record(ByteView sealed, const Hash& hash);

// The record at the front of `bytes` as its length says, its hash not looked at: to walk over a
// damaged one. Nothing when it is cut short or the length cannot be.
std::optional<RecordView> parse_frame(ByteView bytes);

// The record at the front of `bytes`. bad_message when it is cut short, its length cannot be, or
// its hash is not that of `sequence` after `before`: what a torn write leaves behind.
Result<RecordView> parse_record(ByteView bytes, const Hash& before, std::uint64_t sequence);

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

// The additional data of each record: which segment it stands in, and which record of it is meant.
Bytes additional_data(ByteView header, std::uint64_t sequence);

}  // namespace nacre::spool
