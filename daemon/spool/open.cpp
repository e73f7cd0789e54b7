#include "daemon/spool/open.h"

#include <sodium.h>

#include <utility>

namespace nacre::spool {

Result<EpochKeys> generate_epoch(std::uint64_t epoch) {
    if (sodium_init() < 0) return Error{ErrorCode::internal, "sodium_init"};
    EpochKeys keys{epoch, {}, NACRE_TRY(Secret<kPrivateKeyBytes>::zeroed())};
    if (crypto_box_keypair(keys.public_key.data(), keys.private_key.span().data()) != 0)
        return Error{ErrorCode::internal, "crypto_box_keypair"};
    return keys;
}

Continuity continuity(const Position& last, const OpenedRecord& record) {
    if (record.sequence <= last.sequence) return Continuity::repeated;
    if (record.sequence != last.sequence + 1) return Continuity::gap;
    return !last.hash || record.hash_before == *last.hash ? Continuity::next : Continuity::broken;
}

Result<SegmentReader> SegmentReader::begin(ByteView header, const EpochKeys& keys) {
    if (sodium_init() < 0) return Error{ErrorCode::internal, "sodium_init"};
    const SegmentHeader parsed = NACRE_TRY(parse_header(header));
    if (parsed.epoch != keys.epoch)
        return Error{ErrorCode::bad_message, "spool header: foreign epoch"};
    RecordKey key = empty_record_key();
    if (crypto_box_seal_open(key->data(), parsed.sealed_key.data(), parsed.sealed_key.size(),
                             keys.public_key.data(), keys.private_key.view().data()) != 0)
        return Error{ErrorCode::bad_message, "spool header: key does not open"};
    return SegmentReader{to_bytes(header), parsed, std::move(key)};
}

Result<OpenedRecord> SegmentReader::open(std::uint64_t sequence, ByteView sealed) const {
    if (sealed.size() < kMinSealedBytes || sealed.size() > kMaxSealedBytes)
        return Error{ErrorCode::bad_message, "spool record: length"};
    if (sequence < parsed_.first_sequence || sequence > kMostSequence)
        return Error{ErrorCode::bad_message, "spool record: not of this segment"};
    Bytes plaintext(sealed.size() - kSealOverheadBytes);
    const Bytes bound = additional_data(header_, sequence);
    const Nonce nonce = nonce_of(sequence);
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(
            plaintext.data(), nullptr, nullptr, sealed.data(), sealed.size(), bound.data(),
            bound.size(), nonce.data(), key_->data()) != 0)
        return Error{ErrorCode::bad_message, "spool record: tampered with or moved"};
    const RecordFields fields = NACRE_TRY(parse_fields(plaintext));
    if (fields.epoch != parsed_.epoch)
        return Error{ErrorCode::bad_message, "spool record: foreign epoch"};
    if (fields.sequence != sequence)
        return Error{ErrorCode::bad_message, "spool record: another sequence"};
    return OpenedRecord{fields.epoch,
                        fields.sequence,
                        fields.hash_before,
                        hash_record(parsed_.segment, sequence, sealed),
                        fields.received_ms,
                        fields.server_ms,
                        to_bytes(fields.envelope)};
}

}  // namespace nacre::spool
