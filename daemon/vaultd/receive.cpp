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

// No spool holds that many: a number so far ahead is not believed, since whatever came behind it
// would be taken for old.
constexpr std::uint64_t kMostJump = std::uint64_t{1} << 32;

spool::Position to_spool(const vault::SpoolPosition& position) {
    spool::Position out;
    out.sequence = position.committed;
    if (position.last_hash.size() != spool::kHashBytes) return out;
    out.hash.emplace();
    std::copy(position.last_hash.begin(), position.last_hash.end(), out.hash->begin());
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
    if (link == link_) return;
    link_ = link;
    allowed_ = 0;
    items_.clear();
}

void Receiver::grant(std::uint64_t link, std::uint64_t count) {
    const std::lock_guard lock{mutex_};
    if (link == link_) allowed_ += count;
}

void Receiver::segment(std::uint64_t link, Bytes header) {
    const std::lock_guard lock{mutex_};
    if (link != link_ || header.size() != spool::kSegmentHeaderBytes) return;
    if (!items_.empty() && items_.back().kind == Item::Kind::header) items_.pop_back();
    items_.push_back({Item::Kind::header, 0, 0, std::move(header)});
}

bool Receiver::record(std::uint64_t link, std::uint64_t sequence, Bytes sealed) {
    return enqueue(link, {Item::Kind::record, sequence, sequence, std::move(sealed)});
}

bool Receiver::lost(std::uint64_t link, std::uint64_t first, std::uint64_t last) {
    return enqueue(link, {Item::Kind::lost, first, last, {}});
}

bool Receiver::enqueue(std::uint64_t link, Item item) {
    bool schedule = false;
    {
        const std::lock_guard lock{mutex_};
        if (link != link_) return true;  // of a link that is gone
        const std::uint64_t cost = spool::credit_cost(item.bytes.size());
        if (cost > allowed_) return false;
        allowed_ -= cost;
        items_.push_back(std::move(item));
        schedule = !std::exchange(scheduled_, true);
    }
    if (schedule) hooks_.schedule();
    return true;
}

std::size_t Receiver::backlog() const {
    const std::lock_guard lock{mutex_};
    return items_.size();
}

std::deque<Receiver::Item> Receiver::take_items(std::uint64_t& link) {
    const std::lock_guard lock{mutex_};
    link = link_;
    const auto end = items_.begin() + static_cast<std::ptrdiff_t>(std::min(items_.size(), kBatchRecords));
    std::deque<Item> taken{std::move_iterator{items_.begin()}, std::move_iterator{end}};
    items_.erase(items_.begin(), end);
    scheduled_ = !items_.empty();
    return taken;
}

void Receiver::put_back(std::deque<Item> items) {
    const std::lock_guard lock{mutex_};
    if (link_ != batch_.link) return;  // they come again
    items_.insert(items_.begin(), std::move_iterator{items.begin()}, std::move_iterator{items.end()});
}

Result<void> Receiver::begin_segment(EngineState& state, ByteView header) {
    reader_.reset();
    const auto parsed = spool::parse_header(header);
    auto keys = parsed ? epoch_keys(state, parsed->epoch) : Result<spool::EpochKeys>{parsed.error()};
    auto reader = keys ? spool::SegmentReader::begin(header, *keys)
                       : Result<spool::SegmentReader>{keys.error()};
    if (reader) {
        reader_.emplace(std::move(*reader));
        return {};
    }
    // What ails the vault's disk says nothing about the segment.
    if (is_storage_failure(reader.error().code)) return reader.error();
    // Its records are lost, each by its number.
    log::write(log::Level::warning, "spool segment", reader.error());
    return {};
}

// Fails as begin_segment does, and leaves the item then.
Result<void> Receiver::open(EngineState& state, Item& item) {
    if (item.kind == Item::Kind::header) return begin_segment(state, item.bytes);
    batch_.spent += spool::credit_cost(item.bytes.size());
    Taken taken{item.first, item.last, {}};
    if (item.kind == Item::Kind::record && reader_) {
        auto opened = reader_->open(item.first, item.bytes);
        if (opened)
            taken.record = std::move(*opened);
        else
            log::write(log::Level::warning, "spool record", opened.error());
    }
    batch_.taken.push_back(std::move(taken));
    return {};
}

// Opens what fits into a batch; what stands behind a segment that cannot be begun now stays.
Result<void> Receiver::fill_batch(EngineState& state) {
    auto items = take_items(batch_.link);
    if (batch_.link != std::exchange(reader_link_, batch_.link)) reader_.reset();
    while (!items.empty()) {
        if (const auto opened = open(state, items.front()); !opened) {
            put_back(std::move(items));
            return opened.error();
        }
        items.pop_front();
    }
    return {};
}

void Receiver::fail(const Error& why) {
    if (!last_failure_ || last_failure_->code != why.code)
        log::write(log::Level::error, "received messages cannot be stored", why);
    last_failure_ = why;
    hooks_.failed(why);
}

void Receiver::drain(EngineState& state) {
    if (batch_.taken.empty()) {
        const auto filled = fill_batch(state);
        if (!filled && batch_.taken.empty()) return fail(filled.error());
    }
    if (batch_.taken.empty()) return;

    BatchEffects effects;
    vault::SpoolPosition position;
    const auto done = commit(state, batch_, effects, position);
    state.attempt.end();
    if (!done) return fail(done.error());
    last_failure_.reset();
    crash_point("after_commit");
    hooks_.publish(state);
    hooks_.committed(position.committed, batch_.link, batch_.spent);
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
    gap_.reset();
    std::uint64_t epoch = 0;
    for (const Taken& taken : batch.taken) {
        const std::uint64_t before = position.committed;
        NACRE_TRY(take(state, taken, position, effects));
        if (taken.record && position.committed > before)
            epoch = std::max(epoch, taken.record->epoch);
    }
    NACRE_TRY(flush_gap(state));
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

// One record, or one stretch of lost ones, from where the position stands.
Result<void> Receiver::take(EngineState& state, const Taken& taken, vault::SpoolPosition& position,
                            BatchEffects& effects) {
    if (taken.last <= position.committed) return {};  // sent again after a reconnection
    if (taken.first > taken.last || taken.last > position.committed + kMostJump ||
        taken.last > spool::kMostSequence) {
        log::write(log::Level::warning, "the courier's numbering cannot be");
        return {};
    }
    if (!taken.record) {
        NACRE_TRY(note_gap(state, position.committed + 1, taken.last));
        position = {taken.last, {}};
        return {};
    }
    const spool::OpenedRecord& record = *taken.record;
    switch (spool::continuity(to_spool(position), record)) {
        case spool::Continuity::repeated: return {};
        case spool::Continuity::gap:
            NACRE_TRY(note_gap(state, position.committed + 1, record.sequence - 1));
            break;
        case spool::Continuity::broken:
            NACRE_TRY(state.note({EventKind::spool_damaged, {}, {}, {},
                                  vault::SpoolGap{record.sequence, 0}}));
            break;
        case spool::Continuity::next: break;
    }
    NACRE_TRY(flush_gap(state));
    NACRE_TRY(handle(state, record, effects));
    position = {record.sequence, {record.hash.begin(), record.hash.end()}};
    return {};
}

// Neighbours become one event.
Result<void> Receiver::note_gap(EngineState& state, std::uint64_t first, std::uint64_t last) {
    if (gap_ && gap_->last + 1 != first) NACRE_TRY(flush_gap(state));
    if (!gap_) gap_ = vault::SpoolGap{first, first};
    gap_->last = last;
    return {};
}

Result<void> Receiver::flush_gap(EngineState& state) {
    if (!gap_) return {};
    log::write(log::Level::error, "waiting envelopes are lost",
               {log::field("first", gap_->first), log::field("last", gap_->last)});
    NACRE_TRY(state.note({EventKind::spool_damaged, {}, {}, {}, *gap_}));
    const auto before = NACRE_TRY(state.accounts.meta_number(kSpoolLost)).value_or(0);
    const auto count = static_cast<std::int64_t>(gap_->last - gap_->first + 1);
    NACRE_TRY(state.accounts.set_meta_number(kSpoolLost, before + count));
    gap_.reset();
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
        return merge(state, record, mine, effects);
    }
    if (is_storage_failure(done.error().code)) return done.error();
    savepoint.reset();
    if (done.error().code == ErrorCode::duplicate || done.error().code == ErrorCode::rejected) return {};
    log::write(log::Level::notice, "an envelope was rejected", done.error());
    return state.note(EventKind::envelope_rejected);
}

Result<void> Receiver::merge(EngineState& state, const spool::OpenedRecord& record,
                             BatchEffects& mine, BatchEffects& effects) {
    effects.used_pre_key |= mine.used_pre_key;
    effects.contacts_to_fetch |= mine.contacts_to_fetch;
    effects.account_changed |= mine.account_changed;
    if (record.epoch < epoch_) NACRE_TRY(hold_late_receipts(state, late_, mine.delivered));
    for (const auto& [sender, timestamps] : mine.delivered) {
        auto& all = effects.delivered[sender];
        all.insert(all.end(), timestamps.begin(), timestamps.end());
    }
    return {};
}

Result<void> Receiver::handle_once(EngineState& state, const spool::OpenedRecord& record,
                                   BatchEffects& effects) {
    if (!state.aci) return Error{ErrorCode::bad_message, "envelope without an account"};
    const auto envelope = NACRE_TRY(parse_envelope(record.envelope));
    const Digest hash = sha256(distinct_part(envelope, record.envelope));
    if (!NACRE_TRY(state.quarantine.note_seen(hash, state.clock.wall_ms())))
        return Error{ErrorCode::duplicate, "envelope seen before"};
    const Decrypted message = NACRE_TRY(decrypt_envelope(state, judge_, envelope));
    crash_point("after_decrypt");
    crash_point("on_poison", message.content);
    if (message.server_ms != 0) NACRE_TRY(state.accounts.server_time_seen(message.server_ms));
    return apply_content(state, message, record.received_ms, effects);
}

}  // namespace nacre::vaultd
