#include "daemon/courier/spool.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "api/base/log.h"
#include "daemon/base/crash_point.h"
#include "daemon/courier/spool_recovery.h"
#include "daemon/spool/epoch_file.h"

namespace nacre::courier {
namespace {

std::uint64_t sealed_bytes(const Envelope& envelope) {
    return spool::kFrameBytes + spool::kSealOverheadBytes +
           spool::padded_length(spool::kRecordFieldsBytes + envelope.bytes.size());
}

Result<void> pwrite_all(int fd, ByteView bytes, std::uint64_t at) {
    while (!bytes.empty()) {
        const ssize_t count = pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(at));
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return os_error("write spool", count == 0 ? ENOSPC : errno);
        at += static_cast<std::uint64_t>(count);
        bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
    return {};
}

}  // namespace

std::string segment_name(std::uint64_t number) {
    char name[32];
    std::snprintf(name, sizeof name, "%020llu.seg", static_cast<unsigned long long>(number));
    return name;
}

Result<std::unique_ptr<Spool>> Spool::open(const StateFolder& state, const SpoolLimits& limits) {
    StateFolder own = NACRE_TRY(state.subfolder("."));
    StateFolder folder = NACRE_TRY(state.subfolder("spool"));
    std::unique_ptr<Spool> spool{new Spool{std::move(own), std::move(folder), limits}};
    NACRE_TRY(spool->recover());
    NACRE_TRY(spool->load_epoch());
    return spool;
}

Result<void> Spool::recover() {
    const Mark mark = MarkFile::load(state_);
    Recovered recovered = NACRE_TRY(recover_spool(folder_, mark));
    segments_ = std::move(recovered.segments);
    next_segment_ = recovered.next_segment;
    next_sequence_ = mark.sequence + 1;
    committed_ = mark.sequence;
    if (segments_.empty()) return {};
    next_sequence_ = segments_.back().end();
    hash_ = segments_.back().hash.value_or(spool::Hash{});
    // What the vault has of the oldest segment it will say itself.
    committed_ = std::clamp(mark.committed, segments_.front().first_sequence - 1,
                            next_sequence_ - 1);
    return {};
}

Result<void> Spool::load_epoch() {
    const auto bytes = NACRE_TRY(state_.read("epoch", spool::kEpochFileBytes));
    if (!bytes) return {};
    const auto epoch = spool::parse_epoch(*bytes);
    if (!epoch.ok()) {
        // Without it nothing is received until the next unlock: better than sealing to a wrong key.
        log::write(log::Level::error, "spool epoch file ignored", epoch.error());
        return {};
    }
    epoch_ = Epoch{epoch->number, epoch->key};
    return {};
}

Result<void> Spool::set_epoch(std::uint64_t epoch, const spool::PublicKey& key,
                              std::uint64_t committed) {
    {
        const std::lock_guard lock{mutex_};
        if (next_sequence_ <= committed) {
            // This spool is new, or an older copy: what it would number now the vault has seen.
            active_.reset();
            next_sequence_ = committed + 1;
            hash_ = {};
        }
        // The vault decides; an older copy of it gets again what is still here.
        const std::uint64_t least = segments_.empty() ? committed : segments_.front().first_sequence - 1;
        committed_ = std::max(committed, least);
    }
    // First: on a full disk it makes the room for what follows.
    remove_committed();
    if (epoch_ && epoch_->number == epoch && epoch_->key == key) return {};
    NACRE_TRY(state_.replace("epoch", spool::write_epoch({epoch, key})));
    active_.reset();
    const std::lock_guard lock{mutex_};
    epoch_ = Epoch{epoch, key};
    return {};
}

Result<void> Spool::append(std::span<const Envelope> batch) {
    if (!epoch_) return Error{ErrorCode::unavailable, "spool without an epoch"};
    NACRE_TRY(fits(batch));
    if (active_ && active_->bytes >= limits_.segment_bytes) active_.reset();
    if (!active_) NACRE_TRY(begin_segment());

    const Result<Bytes> sealed = seal(batch);
    daemon::crash_point("before_append");
    const Result<void> written = sealed.ok() ? write(*sealed) : sealed.error();
    if (!written.ok()) {
        abandon();
        return written.error();
    }
    account(batch.size(), sealed->size());
    store_mark();
    daemon::crash_point("after_append");
    return {};
}

Result<void> Spool::fits(std::span<const Envelope> batch) const {
    std::uint64_t wanted = spool::kSegmentHeadBytes;
    for (const Envelope& envelope : batch) {
        if (envelope.bytes.size() > spool::kMaxEnvelopeBytes)
            return Error{ErrorCode::resource_exhausted, "envelope too large for the spool"};
        wanted += sealed_bytes(envelope);
    }
    if (bytes() + wanted > limits_.most_bytes || waiting() + batch.size() > limits_.most_records)
        return Error{ErrorCode::disk_full, "spool quota", 0, kSpoolFull};
    return {};
}

// Creates the file. Its head is written with the first records, or by tidy().
Result<void> Spool::begin_segment() {
    const std::uint64_t number = next_segment_;
    auto writer = NACRE_TRY(spool::SegmentWriter::begin(epoch_->number, epoch_->key, number,
                                                        next_sequence_, hash_));
    daemon::Descriptor file{openat(folder_.fd(), segment_name(number).c_str(),
                                   O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600)};
    // A name that is taken, by what an earlier failure could not remove, must not block the next.
    if (!file && errno == EEXIST) ++next_segment_;
    if (!file) return os_error("create spool segment", errno);
    ++next_segment_;
    active_.emplace(Active{std::move(writer), std::move(file), 0});
    return {};
}

Result<Bytes> Spool::seal(std::span<const Envelope> batch) {
    Bytes out;
    if (active_->bytes == 0) out = spool::write_head(active_->writer.header());
    for (const Envelope& envelope : batch) {
        const auto record = NACRE_TRY(
            active_->writer.seal(envelope.received_ms, envelope.server_ms, envelope.bytes));
        const Bytes framed = spool::write_record(record.sequence, record.hash, record.message);
        out.insert(out.end(), framed.begin(), framed.end());
    }
    return out;
}

Result<void> Spool::write(const Bytes& bytes) {
    NACRE_TRY(pwrite_all(active_->file.get(), bytes, active_->bytes));
    if (fdatasync(active_->file.get()) != 0) return os_error("sync spool", errno);
    if (active_->bytes == 0) NACRE_TRY(folder_.sync());
    return {};
}

// Best effort: if none of this succeeds, recovery leaves out what overlaps the next segment.
void Spool::abandon() {
    const std::string name = segment_name(active_->writer.segment());
    if (active_->bytes == 0)
        unlinkat(folder_.fd(), name.c_str(), 0);
    else if (ftruncate(active_->file.get(), static_cast<off_t>(active_->bytes)) == 0)
        fdatasync(active_->file.get());
    active_.reset();
}

void Spool::account(std::uint64_t count, std::uint64_t bytes) {
    const std::lock_guard lock{mutex_};
    if (active_->bytes == 0)
        segments_.push_back({active_->writer.segment(), next_sequence_, 0, 0, {}});
    active_->bytes += bytes;
    SegmentExtent& extent = segments_.back();
    extent.count += count;
    extent.bytes = active_->bytes;
    extent.hash = active_->writer.hash();
    next_sequence_ = active_->writer.next_sequence();
    hash_ = active_->writer.hash();
}

void Spool::store_mark() { mark_.store({next_sequence_ - 1, committed_, next_segment_}); }

void Spool::commit(std::uint64_t sequence) {
    {
        const std::lock_guard lock{mutex_};
        committed_ = std::max(committed_, std::min(sequence, next_sequence_ - 1));
    }
    remove_committed();
}

void Spool::remove_committed() {
    while (segments_.size() > 1) {
        const SegmentExtent& oldest = segments_.front();
        if (oldest.end() > committed_ + 1) return;
        daemon::crash_point("before_delete");
        const std::string name = segment_name(oldest.number);
        if (unlinkat(folder_.fd(), name.c_str(), 0) != 0 && errno != ENOENT) {
            log::write(log::Level::error, "cannot delete a spool segment",
                       os_error("delete spool segment", errno));
            return;
        }
        daemon::crash_point("after_delete");
        const std::lock_guard lock{mutex_};
        segments_.pop_front();
    }
}

bool Spool::untidy() const {
    const std::lock_guard lock{mutex_};
    return epoch_ && segments_.size() == 1 && segments_.back().count > 0 &&
           committed_ + 1 == next_sequence_;
}

Result<void> Spool::tidy() {
    if (!untidy()) return {};
    active_.reset();
    NACRE_TRY(begin_segment());
    const Bytes head = spool::write_head(active_->writer.header());
    if (const auto written = write(head); !written.ok()) {
        abandon();
        return written.error();
    }
    account(0, head.size());
    remove_committed();
    store_mark();
    return {};
}

bool Spool::has_epoch() const {
    const std::lock_guard lock{mutex_};
    return epoch_.has_value();
}

std::uint64_t Spool::waiting() const {
    const std::lock_guard lock{mutex_};
    return next_sequence_ - 1 - committed_;
}

bool Spool::has_committed(const SegmentExtent& extent) const {
    const std::lock_guard lock{mutex_};
    return extent.end() <= committed_ + 1;
}

std::uint64_t Spool::committed() const {
    const std::lock_guard lock{mutex_};
    return committed_;
}

std::uint64_t Spool::next_sequence() const {
    const std::lock_guard lock{mutex_};
    return next_sequence_;
}

std::uint64_t Spool::bytes() const {
    const std::lock_guard lock{mutex_};
    std::uint64_t sum = 0;
    for (const SegmentExtent& extent : segments_) sum += extent.bytes;
    return sum;
}

std::optional<SegmentExtent> Spool::segment(std::uint64_t number) const {
    const auto found = segment_from(number);
    return found && found->number == number ? found : std::nullopt;
}

std::optional<SegmentExtent> Spool::segment_from(std::uint64_t number) const {
    const std::lock_guard lock{mutex_};
    const auto found = std::ranges::lower_bound(segments_, number, {}, &SegmentExtent::number);
    if (found == segments_.end()) return std::nullopt;
    return *found;
}

}  // namespace nacre::courier
