#include "daemon/spool/seal.h"

#include <sodium.h>

namespace nacre::spool {

struct SegmentWriter::Stream {
    crypto_secretstream_xchacha20poly1305_state state;
};

void SegmentWriter::Wipe::operator()(Stream* stream) const {
    sodium_memzero(stream, sizeof *stream);
    delete stream;
}

Result<SegmentWriter> SegmentWriter::begin(std::uint64_t epoch, const PublicKey& public_key,
                                           std::uint64_t segment, std::uint64_t first_sequence,
                                           const Hash& hash_before) {
    if (sodium_init() < 0) return Error{ErrorCode::internal, "sodium_init"};
    SegmentWriter writer;
    writer.stream_.reset(new Stream);
    SegmentHeader header{epoch, segment, first_sequence, hash_before, {}, {}};
    std::uint8_t key[crypto_secretstream_xchacha20poly1305_KEYBYTES];
    crypto_secretstream_xchacha20poly1305_keygen(key);
    crypto_secretstream_xchacha20poly1305_init_push(&writer.stream_->state,
                                                    header.stream_header.data(), key);
    const int sealed =
        crypto_box_seal(header.sealed_key.data(), key, sizeof key, public_key.data());
    sodium_memzero(key, sizeof key);
    if (sealed != 0) return Error{ErrorCode::invalid_argument, "seal spool segment key"};
    writer.header_ = write_header(header);
    writer.epoch_ = epoch;
    writer.segment_ = segment;
    writer.next_ = first_sequence;
    writer.hash_ = hash_before;
    return writer;
}

Result<SegmentWriter::Sealed> SegmentWriter::seal(std::int64_t received_ms, std::int64_t server_ms,
                                                  ByteView envelope) {
    if (envelope.size() > kMaxEnvelopeBytes)
        return Error{ErrorCode::resource_exhausted, "envelope too large for the spool"};
    Bytes plaintext = write_fields({epoch_, next_, hash_, received_ms, server_ms, envelope});
    const Bytes bound = additional_data(header_, next_);
    Sealed record{next_, Bytes(plaintext.size() + kSealOverheadBytes), {}};
    crypto_secretstream_xchacha20poly1305_push(
        &stream_->state, record.message.data(), nullptr, plaintext.data(), plaintext.size(),
        bound.data(), bound.size(), crypto_secretstream_xchacha20poly1305_TAG_MESSAGE);
    sodium_memzero(plaintext.data(), plaintext.size());
    record.hash = hash_record(hash_, next_, record.message);
    hash_ = record.hash;
    ++next_;
    return record;
}

}  // namespace nacre::spool
