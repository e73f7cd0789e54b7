#include "daemon/spool/seal.h"

#include <sodium.h>

namespace nacre::spool {

Result<SegmentWriter> SegmentWriter::begin(std::uint64_t epoch, const PublicKey& public_key,
                                           std::uint64_t segment, std::uint64_t first_sequence,
                                           const Hash& hash_before) {
    if (sodium_init() < 0) return Error{ErrorCode::internal, "sodium_init"};
    if (first_sequence == 0 || first_sequence > kMostSequence)
        return Error{ErrorCode::invalid_argument, "spool segment: sequence"};
    SegmentHeader header{epoch, segment, first_sequence, hash_before, {}};
    RecordKey key = empty_record_key();
    crypto_aead_xchacha20poly1305_ietf_keygen(key->data());
    if (crypto_box_seal(header.sealed_key.data(), key->data(), key->size(), public_key.data()) != 0)
        return Error{ErrorCode::invalid_argument, "seal spool segment key"};
    SegmentWriter writer{write_header(header), std::move(key)};
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
    if (next_ > kMostSequence) return Error{ErrorCode::resource_exhausted, "spool sequence"};
    Bytes plaintext = write_fields({epoch_, next_, hash_, received_ms, server_ms, envelope});
    const Bytes bound = additional_data(header_, next_);
    const Nonce nonce = nonce_of(next_);
    Sealed record{next_, Bytes(plaintext.size() + kSealOverheadBytes), {}};
    crypto_aead_xchacha20poly1305_ietf_encrypt(record.message.data(), nullptr, plaintext.data(),
                                               plaintext.size(), bound.data(), bound.size(),
                                               nullptr, nonce.data(), key_->data());
    sodium_memzero(plaintext.data(), plaintext.size());
    record.hash = hash_record(segment_, next_, record.message);
    hash_ = record.hash;
    ++next_;
    return record;
}

}  // namespace nacre::spool
