#include "daemon/courier/spool_cursor.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "api/base/log.h"
#include "daemon/courier/segment_read.h"

namespace nacre::courier {
namespace {

constexpr std::size_t kReadBytes = std::size_t{256} << 10;

}  // namespace

std::optional<SpoolItem> SpoolCursor::next() {
    stuck_ = false;
    while (true) {
        if (inside_) {
            const auto extent = spool_->segment(number_);
            if (extent && expected_ < extent->end()) {
                SpoolItem item = take(*extent);
                // Sent before, on an earlier link, or by an earlier courier.
                if (item.last <= spool_->committed()) continue;
                return item;
            }
            // The newest one may grow yet.
            if (extent && !spool_->segment_from(number_ + 1)) return std::nullopt;
            leave();
        }
        const auto extent = spool_->segment_from(number_);
        if (!extent) return std::nullopt;
        // Nothing to send; but the newest one may grow.
        if (spool_->has_committed(*extent)) {
            if (!spool_->segment_from(extent->number + 1)) return std::nullopt;
            number_ = extent->number + 1;
            continue;
        }
        if (auto header = enter(*extent)) return header;
        if (stuck_) return std::nullopt;
    }
}

void SpoolCursor::leave() {
    file_.reset();
    inside_ = false;
    ++number_;
}

// Nothing when it is not there or has no header: then all of it is lost, or, if it was committed and
// deleted meanwhile, is not missed. Nothing, and stuck_, when the machine lacks what it takes now.
std::optional<SpoolItem> SpoolCursor::enter(const SegmentExtent& extent) {
    number_ = extent.number;
    file_ = daemon::Descriptor{openat(spool_->folder(), segment_name(extent.number).c_str(),
                                      O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
    stuck_ = !file_ && errno != ENOENT;
    if (stuck_) {
        log::write(log::Level::warning, "a spool segment cannot be opened now",
                   os_error("open spool segment", errno));
        return std::nullopt;
    }
    inside_ = true;
    readable_ = false;
    expected_ = extent.first_sequence;
    offset_ = 0;
    buffer_.clear();
    start_ = 0;
    salvage_.reset();
    if (!file_) return std::nullopt;
    fill(extent, spool::kSegmentHeadBytes);
    start_ = std::min(spool::kSegmentHeadBytes, buffer_.size());
    auto header = spool::header_of(ByteView{buffer_}.first(start_));
    if (!header.ok()) return std::nullopt;
    const auto parsed = spool::parse_header(*header);
    readable_ = parsed.ok() && parsed->segment == extent.number;
    if (!readable_) return std::nullopt;
    return SpoolItem{SpoolItem::Kind::header, extent.first_sequence, extent.first_sequence,
                     std::move(*header)};
}

SpoolItem SpoolCursor::take(const SegmentExtent& extent) {
    if (!readable_) return lost_until(extent.end());
    if (!salvage_) {
        if (auto item = read_record(extent)) return std::move(*item);
        log::write(log::Level::error, "a spool segment is damaged",
                   {log::field("segment", number_), log::field("record", expected_)});
        salvage(extent);
    }
    return take_salvaged();
}

SpoolItem SpoolCursor::lost_until(std::uint64_t end) {
    const std::uint64_t first = expected_;
    expected_ = end;
    return {SpoolItem::Kind::lost, first, end - 1, {}};
}

SpoolItem SpoolCursor::record(const spool::RecordView& frame) {
    expected_ = frame.sequence + 1;
    return {SpoolItem::Kind::record, frame.sequence, frame.sequence, to_bytes(frame.sealed)};
}

// The record that should come next, if it stands where it should.
std::optional<SpoolItem> SpoolCursor::read_record(const SegmentExtent& extent) {
    fill(extent, spool::kFrameBytes);
    auto frame = spool::parse_frame(ByteView{buffer_}.subspan(start_));
    if (!frame) {
        // Not all of it is in the buffer. Less than the largest may be all there is.
        fill(extent, spool::kFrameBytes + spool::kMaxSealedBytes);
        frame = spool::parse_frame(ByteView{buffer_}.subspan(start_));
    }
    if (!frame || frame->sequence != expected_) return std::nullopt;
    if (spool::hash_record(number_, frame->sequence, frame->sealed) != frame->hash)
        return std::nullopt;
    start_ += frame->size;
    return record(*frame);
}

// Takes all that is left of the segment, as far as it is written, and looks for what stands whole.
void SpoolCursor::salvage(const SegmentExtent& extent) {
    const std::uint64_t rest = extent.bytes - std::min(extent.bytes, offset_);
    fill(extent, buffer_.size() - start_ + rest);
    Salvage found;
    found.bytes.assign(buffer_.begin() + static_cast<std::ptrdiff_t>(start_), buffer_.end());
    const auto places =
        spool::find_records(found.bytes, number_, expected_, extent.end());
    found.places.assign(places.begin(), places.end());
    found.end = extent.end();
    salvage_ = std::move(found);
    // What is written to it from now on stands behind.
    buffer_.clear();
    start_ = 0;
    offset_ = extent.bytes;
}

SpoolItem SpoolCursor::take_salvaged() {
    const std::uint64_t upto =
        salvage_->places.empty() ? salvage_->end : salvage_->places.front().sequence;
    if (expected_ < upto) {
        SpoolItem item = lost_until(upto);
        if (expected_ == salvage_->end) salvage_.reset();
        return item;
    }
    const std::size_t at = salvage_->places.front().offset;
    salvage_->places.pop_front();
    SpoolItem item = record(*spool::parse_frame(ByteView{salvage_->bytes}.subspan(at)));
    if (expected_ == salvage_->end) salvage_.reset();
    return item;
}

// Has `wanted` bytes in the buffer, or as many as are durable; false when that is fewer.
bool SpoolCursor::fill(const SegmentExtent& extent, std::size_t wanted) {
    if (buffer_.size() - start_ >= wanted) return true;
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(start_));
    start_ = 0;
    while (buffer_.size() < wanted && offset_ < extent.bytes) {
        const std::size_t more = std::min<std::uint64_t>(kReadBytes, extent.bytes - offset_);
        const std::size_t count = read_past_errors(file_.get(), offset_, more, buffer_);
        if (count == 0) break;
        offset_ += count;
    }
    return buffer_.size() >= wanted;
}

}  // namespace nacre::courier
