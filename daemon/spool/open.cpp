#include "daemon/spool/open.h"

#include <sodium.h>

#include <utility>

namespace nacre::spool {

struct SegmentReader::Stream {
    crypto_secretstream_xchacha20poly1305_state state;
};

void SegmentReader::Wipe::operator()(Stream* stream) const {
    sodium_memzero(stream, sizeof *stream);
    delete stream;
}

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
    return record.hash_before == last.hash ? Continuity::next : Continuity::broken;
}

Result<SegmentReader> SegmentReader::begin(ByteView header, const EpochKeys& keys) {
    if (sodium_init() < 0) return Error{ErrorCode::internal, "sodium_init"};
    SegmentReader reader;
    reader.parsed_ = NACRE_TRY(parse_header(header));
    if (reader.parsed_.epoch != keys.epoch)
        return Error{ErrorCode::bad_message, "spool header: foreign epoch"};
    reader.stream_.reset(new Stream);
    std::uint8_t key[crypto_secretstream_xchacha20poly1305_KEYBYTES];
    const auto& sealed = reader.parsed_.sealed_key;
    const int opened = crypto_box_seal_open(key, sealed.data(), sealed.size(),
                                            keys.public_key.data(), keys.private_key.view().data());
    if (opened == 0)
        crypto_secretstream_xchacha20poly1305_init_pull(
            &reader.stream_->state, reader.parsed_.stream_header.data(), key);
    sodium_memzero(key, sizeof key);
    if (opened != 0) return Error{ErrorCode::bad_message, "spool header: key does not open"};
    reader.header_ = to_bytes(header);
    reader.next_ = reader.parsed_.first_sequence;
    reader.hash_ = reader.parsed_.hash_before;
    return reader;
}

Result<OpenedRecord> SegmentReader::open(ByteView sealed) {
    if (sealed.size() < kMinSealedBytes || sealed.size() > kMaxSealedBytes)
        return Error{ErrorCode::bad_message, "spool record: length"};
    Bytes plaintext(sealed.size() - kSealOverheadBytes);
    const Bytes bound = additional_data(header_, next_);
    std::uint8_t tag = 0;
    if (crypto_secretstream_xchacha20poly1305_pull(&stream_->state, plaintext.data(), nullptr, &tag,
                                                   sealed.data(), sealed.size(), bound.data(),
                                                   bound.size()) != 0)
        return Error{ErrorCode::bad_message, "spool record: tampered, dropped or swapped"};
    const RecordFields fields = NACRE_TRY(parse_fields(plaintext));
    if (fields.epoch != parsed_.epoch)
        return Error{ErrorCode::bad_message, "spool record: foreign epoch"};
    if (fields.sequence != next_)
        return Error{ErrorCode::bad_message, "spool record: out of order"};
    if (fields.hash_before != hash_)
        return Error{ErrorCode::bad_message, "spool record: chain broken"};
    hash_ = hash_record(hash_, next_, sealed);
    ++next_;
    return OpenedRecord{fields.epoch,     fields.sequence, fields.hash_before,       hash_,
                        fields.received_ms, fields.server_ms, to_bytes(fields.envelope)};
}

}  // namespace nacre::spool
