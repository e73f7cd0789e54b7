#include "daemon/spool/format.h"

#include <sodium.h>

#include <algorithm>
#include <bit>

namespace nacre::spool {
namespace {

constexpr std::array<std::uint8_t, 4> kMagic{'N', 'S', 'P', 'L'};

constexpr std::size_t kCheckBytes = 16;
constexpr std::size_t kChecked = kSegmentHeaderBytes - kCheckBytes;

static_assert(kRecordKeyBytes == crypto_aead_xchacha20poly1305_ietf_KEYBYTES);
static_assert(kSealedKeyBytes == crypto_box_SEALBYTES + kRecordKeyBytes);
static_assert(kSealOverheadBytes == crypto_aead_xchacha20poly1305_ietf_ABYTES);
static_assert(kPublicKeyBytes == crypto_box_PUBLICKEYBYTES);
static_assert(kHashBytes == crypto_generichash_BYTES);
static_assert(kSegmentHeaderBytes == 8 + 3 * 8 + kHashBytes + kSealedKeyBytes + kCheckBytes);

void put(Bytes& out, std::uint64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

void put(Bytes& out, ByteView bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }

// Reads on from the front of bytes whose length was checked before.
class Reader {
public:
    explicit Reader(ByteView bytes) : rest_{bytes} {}

    std::uint64_t number(std::size_t bytes) {
        std::uint64_t value = 0;
        for (std::size_t i = bytes; i > 0; --i) value = value << 8 | rest_[i - 1];
        rest_ = rest_.subspan(bytes);
        return value;
    }

    template <std::size_t N>
    void copy(std::array<std::uint8_t, N>& out) {
        std::copy_n(rest_.begin(), N, out.begin());
        rest_ = rest_.subspan(N);
    }

    ByteView rest() const { return rest_; }

private:
    ByteView rest_;
};

Hash hash_of(ByteView bytes) {
    Hash hash;
    crypto_generichash(hash.data(), hash.size(), bytes.data(), bytes.size(), nullptr, 0);
    return hash;
}

}  // namespace

Bytes write_header(const SegmentHeader& header) {
    Bytes out;
    out.reserve(kSegmentHeaderBytes);
    put(out, kMagic);
    put(out, kVersion, 4);
    put(out, header.epoch, 8);
    put(out, header.segment, 8);
    put(out, header.first_sequence, 8);
    put(out, header.hash_before);
    put(out, header.sealed_key);
    put(out, ByteView{hash_of(out)}.first(kCheckBytes));
    return out;
}

Result<SegmentHeader> parse_header(ByteView bytes) {
    if (bytes.size() != kSegmentHeaderBytes)
        return Error{ErrorCode::bad_message, "spool header: length"};
    Reader in{bytes};
    std::array<std::uint8_t, 4> magic{};
    in.copy(magic);
    if (magic != kMagic) return Error{ErrorCode::bad_message, "spool header: magic"};
    if (in.number(4) != kVersion)
        return Error{ErrorCode::unsupported, "spool of another format version"};
    if (!equal(ByteView{hash_of(bytes.first(kChecked))}.first(kCheckBytes), bytes.subspan(kChecked)))
        return Error{ErrorCode::bad_message, "spool header: check"};
    SegmentHeader header;
    header.epoch = in.number(8);
    header.segment = in.number(8);
    header.first_sequence = in.number(8);
    in.copy(header.hash_before);
    in.copy(header.sealed_key);
    if (header.first_sequence == 0 || header.first_sequence > kMostSequence)
        return Error{ErrorCode::bad_message, "spool header: sequence"};
    return header;
}

Bytes write_head(ByteView header) {
    Bytes out(kSegmentHeadBytes);
    std::ranges::copy(header, out.begin());
    std::ranges::copy(header, out.begin() + kHeaderCopyAt);
    return out;
}

Result<Bytes> header_of(ByteView file) {
    Error why{ErrorCode::bad_message, "spool segment: no header"};
    for (const std::size_t at : {kHeaderCopyAt, std::size_t{0}}) {
        if (file.size() < at + kSegmentHeaderBytes) continue;
        const ByteView copy = file.subspan(at, kSegmentHeaderBytes);
        const auto parsed = parse_header(copy);
        if (parsed.ok()) return to_bytes(copy);
        why = parsed.error();
    }
    return why;
}

Hash hash_record(std::uint64_t segment, std::uint64_t sequence, ByteView sealed) {
    Bytes numbers;
    put(numbers, segment, 8);
    put(numbers, sequence, 8);
    crypto_generichash_state state;
    crypto_generichash_init(&state, nullptr, 0, kHashBytes);
    crypto_generichash_update(&state, numbers.data(), numbers.size());
    crypto_generichash_update(&state, sealed.data(), sealed.size());
    Hash hash;
    crypto_generichash_final(&state, hash.data(), hash.size());
    return hash;
}

std::size_t padded_length(std::size_t length) {
    constexpr std::size_t kSmallest = 512;
    if (length <= kSmallest) return kSmallest;
    const std::size_t step = std::bit_floor(length - 1) / 4;
    return (length + step - 1) / step * step;
}

Bytes write_record(std::uint64_t sequence, const Hash& hash, ByteView sealed) {
    Bytes out;
    out.reserve(kFrameBytes + sealed.size());
    put(out, sealed.size(), 4);
    put(out, sequence, 8);
    put(out, hash);
    put(out, sealed);
    return out;
}

std::optional<RecordView> parse_frame(ByteView bytes) {
    if (bytes.size() < kFrameBytes) return std::nullopt;
    Reader in{bytes};
    const std::size_t length = in.number(4);
    if (length < kMinSealedBytes || length > kMaxSealedBytes) return std::nullopt;
    RecordView record;
    record.sequence = in.number(8);
    if (record.sequence == 0 || record.sequence > kMostSequence) return std::nullopt;
    in.copy(record.hash);
    if (in.rest().size() < length) return std::nullopt;
    record.sealed = in.rest().first(length);
    record.size = kFrameBytes + length;
    return record;
}

Result<RecordView> parse_record(ByteView bytes, std::uint64_t segment) {
    const auto record = parse_frame(bytes);
    if (!record) return Error{ErrorCode::bad_message, "spool record: cut short or no length"};
    if (hash_record(segment, record->sequence, record->sealed) != record->hash)
        return Error{ErrorCode::bad_message, "spool record: hash"};
    return *record;
}

Bytes write_fields(const RecordFields& fields) {
    const std::size_t length = kRecordFieldsBytes + fields.envelope.size();
    Bytes out;
    out.reserve(padded_length(length));
    put(out, fields.epoch, 8);
    put(out, fields.sequence, 8);
    put(out, fields.hash_before);
    put(out, static_cast<std::uint64_t>(fields.received_ms), 8);
    put(out, static_cast<std::uint64_t>(fields.server_ms), 8);
    put(out, fields.envelope.size(), 4);
    put(out, fields.envelope);
    out.resize(padded_length(length));
    return out;
}

Result<RecordFields> parse_fields(ByteView plaintext) {
    if (plaintext.size() < kRecordFieldsBytes)
        return Error{ErrorCode::bad_message, "spool record: fields cut short"};
    Reader in{plaintext};
    RecordFields fields;
    fields.epoch = in.number(8);
    fields.sequence = in.number(8);
    in.copy(fields.hash_before);
    fields.received_ms = static_cast<std::int64_t>(in.number(8));
    fields.server_ms = static_cast<std::int64_t>(in.number(8));
    const std::size_t length = in.number(4);
    if (length > in.rest().size() || length > kMaxEnvelopeBytes ||
        plaintext.size() != padded_length(kRecordFieldsBytes + length))
        return Error{ErrorCode::bad_message, "spool record: envelope length"};
    const ByteView padding = in.rest().subspan(length);
    if (std::ranges::any_of(padding, [](std::uint8_t octet) { return octet != 0; }))
        return Error{ErrorCode::bad_message, "spool record: padding"};
    fields.envelope = in.rest().first(length);
    return fields;
}

Bytes additional_data(ByteView header, std::uint64_t sequence) {
    Bytes out;
    put(out, hash_of(header));
    put(out, sequence, 8);
    return out;
}

Nonce nonce_of(std::uint64_t sequence) {
    Nonce nonce{};
    for (int i = 0; i < 8; ++i)
        nonce[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(sequence >> (8 * i));
    return nonce;
}

}  // namespace nacre::spool
