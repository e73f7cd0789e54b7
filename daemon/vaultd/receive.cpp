#include "daemon/vaultd/receive.h"

#include <algorithm>

#include "api/base/log.h"
#include "daemon/base/crash_point.h"
#include "daemon/vaultd/cipher.h"
#include "daemon/vaultd/outgoing.h"

namespace nacre::vaultd {
namespace {

using daemon::crash_point;
using vault::EventKind;

constexpr std::size_t kBatchRecords = 100;
// Two deaths of its own making, or four by a kill from outside (which may have nothing to do with
// the envelope): a death by signal counts twice.
constexpr std::uint32_t kMostBlame = 4;

spool::Position to_spool(const vault::SpoolPosition& position) {
    spool::Position out;
    out.sequence = position.committed;
    if (position.last_hash.size() == out.hash.size())
        std::copy(position.last_hash.begin(), position.last_hash.end(), out.hash.begin());
    return out;
}

// The keys of the epoch a segment was sealed to.
Result<spool::EpochKeys> epoch_keys(EngineState& state, std::uint64_t number) {
    const auto row = NACRE_TRY(state.spool.epoch(number));
    if (!row || row->private_key.size() != spool::kPrivateKeyBytes)
        return Error{ErrorCode::bad_message, "segment of a foreign epoch"};
    auto secret = NACRE_TRY(Secret<spool::kPrivateKeyBytes>::from(
        std::span<const std::uint8_t, spool::kPrivateKeyBytes>{row->private_key}));
    spool::EpochKeys keys{number, {}, std::move(secret)};
    std::copy(row->public_key.begin(), row->public_key.end(), keys.public_key.begin());
    return keys;
}

}  // namespace

Result<void> record_death(EngineState& state) {
    const auto death = state.attempt.death();
    if (!death) return {};
    auto transaction = NACRE_TRY(vault::Transaction::begin(state.database));
    for (int i = 0; i < (death->by_fatal_signal ? 2 : 1); ++i)
        NACRE_TRY(state.quarantine.note_attempt(death->sequence));
    NACRE_TRY(transaction.commit());
    state.attempt.end();
    return {};
}

void Receiver::restart(std::uint64_t link) {
    const std::lock_guard lock{mutex_};
    link_ = link;
    items_.clear();
}

void Receiver::segment(std::uint64_t link, Bytes header) {
    const std::lock_guard lock{mutex_};
    if (link == link_) items_.push_back({link, true, std::move(header)});
}

void Receiver::record(std::uint64_t link, Bytes sealed) {
    bool schedule = false;
    {
        const std::lock_guard lock{mutex_};
        if (link != link_) return;
        items_.push_back({link, false, std::move(sealed)});
        schedule = !std::exchange(scheduled_, true);
    }
    if (schedule) hooks_.schedule();
}

std::size_t Receiver::backlog() const {
    const std::lock_guard lock{mutex_};
    return items_.size();
}

std::deque<Receiver::Item> Receiver::take_items() {
    const std::lock_guard lock{mutex_};
    const auto end = items_.begin() + static_cast<std::ptrdiff_t>(std::min(items_.size(), kBatchRecords));
    std::deque<Item> taken{std::move_iterator{items_.begin()}, std::move_iterator{end}};
    items_.erase(items_.begin(), end);
    scheduled_ = !items_.empty();
    return taken;
}

void Receiver::open(EngineState& state, Item item, Batch& batch) {
    if (item.link != reader_link_) {
        reader_.reset();
        reader_link_ = item.link;
    }
    if (item.is_segment) {
        reader_.reset();
        const auto header = spool::parse_header(item.bytes);
        auto keys = header ? epoch_keys(state, header->epoch) : Result<spool::EpochKeys>{header.error()};
        auto reader = keys ? spool::SegmentReader::begin(item.bytes, *keys)
                           : Result<spool::SegmentReader>{keys.error()};
        if (reader) {
            reader_ = std::move(*reader);
        } else {
            log::write(log::Level::warning, "spool segment", reader.error());
            ++batch.damaged;
        }
        return;
    }
    ++batch.taken;
    if (!reader_) return;  // counted with its segment
    auto opened = reader_->open(item.bytes);
    if (opened) {
        batch.records.push_back(std::move(*opened));
    } else {
        log::write(log::Level::warning, "spool record", opened.error());
        ++batch.damaged;
    }
}

void Receiver::drain(EngineState& state) {
    if (batch_.taken == 0 && batch_.damaged == 0)
        for (Item& item : take_items()) open(state, std::move(item), batch_);
    if (batch_.taken == 0 && batch_.damaged == 0) return;

    BatchEffects effects;
    vault::SpoolPosition position;
    const auto done = commit(state, batch_, effects, position);
    state.attempt.end();
    if (!done) {
        if (!last_failure_ || last_failure_->code != done.error().code)
            log::write(log::Level::error, "received messages cannot be stored", done.error());
        last_failure_ = done.error();
        return hooks_.failed(done.error());
    }
    last_failure_.reset();
    crash_point("after_commit");
    hooks_.publish(state);
    hooks_.committed(position.committed, batch_.taken);
    crash_point("after_committed");
    hooks_.effects(effects);
    batch_ = {};
    bool more = false;
    {
        const std::lock_guard lock{mutex_};
        more = !items_.empty();
        scheduled_ = more;
    }
    if (more) hooks_.schedule();
}

Result<void> Receiver::commit(EngineState& state, const Batch& batch, BatchEffects& effects,
                              vault::SpoolPosition& position) {
    auto transaction = NACRE_TRY(vault::Transaction::begin(state.database));
    position = NACRE_TRY(state.spool.position());
    for (std::size_t i = 0; i < batch.damaged; ++i) NACRE_TRY(state.note(EventKind::spool_damaged));
    std::uint64_t epoch = 0;
    for (const spool::OpenedRecord& record : batch.records) {
        const auto fit = spool::continuity(to_spool(position), record);
        if (fit == spool::Continuity::repeated) continue;
        if (fit != spool::Continuity::next) NACRE_TRY(state.note(EventKind::spool_damaged));
        NACRE_TRY(handle(state, record, effects));
        position = {record.sequence, {record.hash.begin(), record.hash.end()}};
        epoch = record.epoch;
    }
    for (const auto& [sender, timestamps] : effects.delivered)
        NACRE_TRY(queue_receipt(state, sender, wire::ReceiptMessage::DELIVERY, timestamps));
    NACRE_TRY(state.search.index_new());
    NACRE_TRY(state.spool.set_position(position));
    NACRE_TRY(state.quarantine.forget_attempts(position.committed));
    // What was sealed before this epoch has been read: nobody needs those keys any more.
    if (epoch != 0) NACRE_TRY(state.spool.erase_before(epoch));
    crash_point("before_commit");
    NACRE_TRY(transaction.commit());
    if (effects.account_changed) NACRE_TRY(state.reload_account());
    return {};
}

Result<bool> Receiver::quarantined(EngineState& state, const spool::OpenedRecord& record) {
    if (NACRE_TRY(state.quarantine.attempts(record.sequence)) < kMostBlame) return false;
    NACRE_TRY(state.quarantine.quarantine(record.sequence, record.envelope,
                                          vault::QuarantineReason::died_twice, state.clock.wall_ms()));
    NACRE_TRY(state.note(EventKind::envelope_quarantined));
    log::write(log::Level::error, "an envelope that ends vaultd is quarantined");
    return true;
}

Result<void> Receiver::handle(EngineState& state, const spool::OpenedRecord& record,
                              BatchEffects& effects) {
    if (NACRE_TRY(quarantined(state, record))) return {};
    state.attempt.begin(record.sequence);
    crash_point("before_decrypt");
    std::optional savepoint{NACRE_TRY(vault::Savepoint::begin(state.database))};
    // Dropped with the savepoint, should the envelope turn out unusable.
    BatchEffects mine;
    const auto done = handle_once(state, record, mine);
    if (done) {
        NACRE_TRY(savepoint->release());
        for (auto& [sender, timestamps] : mine.delivered) {
            auto& all = effects.delivered[sender];
            all.insert(all.end(), timestamps.begin(), timestamps.end());
        }
        effects.used_pre_key |= mine.used_pre_key;
        effects.contacts_to_fetch |= mine.contacts_to_fetch;
        effects.account_changed |= mine.account_changed;
        return {};
    }
    if (is_storage_failure(done.error().code)) return done.error();
    savepoint.reset();
    if (done.error().code == ErrorCode::duplicate || done.error().code == ErrorCode::rejected) return {};
    log::write(log::Level::notice, "an envelope was rejected", done.error());
    return state.note(EventKind::envelope_rejected);
}

Result<void> Receiver::handle_once(EngineState& state, const spool::OpenedRecord& record,
                                   BatchEffects& effects) {
    if (!state.aci) return Error{ErrorCode::bad_message, "envelope without an account"};
    const Digest hash = sha256(record.envelope);
    if (!NACRE_TRY(state.quarantine.note_seen(hash, state.clock.wall_ms())))
        return Error{ErrorCode::duplicate, "envelope seen before"};
    const Decrypted message = NACRE_TRY(decrypt_envelope(state, judge_, record.envelope));
    crash_point("after_decrypt");
    crash_point("on_poison", message.content);
    if (message.server_ms != 0) NACRE_TRY(state.accounts.server_time_seen(message.server_ms));
    return apply_content(state, message, record.received_ms, effects);
}

}  // namespace nacre::vaultd
