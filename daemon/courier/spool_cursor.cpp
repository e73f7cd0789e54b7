#include "daemon/courier/spool_cursor.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "api/base/log.h"

namespace nacre::courier {
namespace {

constexpr std::size_t kReadBytes = std::size_t{256} << 10;

}  // namespace

std::optional<SpoolItem> SpoolCursor::next() {
    while (true) {
        if (file_) {
            const auto extent = spool_->segment(number_);
            if (extent && read_ < extent->count) {
                if (auto item = read_record(*extent)) return item;
                log::write(log::Level::error, "cannot read on in a spool segment",
                           {log::field("segment", number_), log::field("record", read_)});
                leave();
                continue;
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
        if (auto item = begin_segment(*extent)) return item;
        number_ = extent->number + 1;
    }
}

void SpoolCursor::leave() {
    file_.reset();
    ++number_;
}

std::optional<SpoolItem> SpoolCursor::begin_segment(const SegmentExtent& extent) {
    daemon::Descriptor file{openat(spool_->folder(), segment_name(extent.number).c_str(),
                                   O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
    if (!file) return std::nullopt;  // deleted meanwhile
    file_ = std::move(file);
    number_ = extent.number;
    read_ = 0;
    offset_ = 0;
    buffer_.clear();
    start_ = 0;
    if (!fill(extent, spool::kSegmentHeaderBytes)) {
        file_.reset();
        return std::nullopt;
    }
    start_ = spool::kSegmentHeaderBytes;
    return SpoolItem{true, to_bytes(ByteView{buffer_}.first(start_))};
}

std::optional<SpoolItem> SpoolCursor::read_record(const SegmentExtent& extent) {
    if (!fill(extent, spool::kFrameBytes)) return std::nullopt;
    auto frame = spool::parse_frame(ByteView{buffer_}.subspan(start_));
    if (!frame) {
        // Not all of it is in the buffer. Less than the largest may be all there is.
        fill(extent, spool::kFrameBytes + spool::kMaxSealedBytes);
        frame = spool::parse_frame(ByteView{buffer_}.subspan(start_));
    }
    if (!frame) return std::nullopt;
    SpoolItem item{false, to_bytes(frame->sealed)};
    start_ += frame->size;
    ++read_;
    return item;
}

// Has `wanted` bytes in the buffer, or as many as are durable; false when that is fewer.
bool SpoolCursor::fill(const SegmentExtent& extent, std::size_t wanted) {
    if (buffer_.size() - start_ >= wanted) return true;
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(start_));
    start_ = 0;
    while (buffer_.size() < wanted && offset_ < extent.bytes) {
        const std::size_t had = buffer_.size();
        const std::size_t more = std::min<std::uint64_t>(kReadBytes, extent.bytes - offset_);
        buffer_.resize(had + more);
        const ssize_t count =
            pread(file_.get(), buffer_.data() + had, more, static_cast<off_t>(offset_));
        buffer_.resize(had + static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) break;
        offset_ += static_cast<std::uint64_t>(count);
    }
    return buffer_.size() >= wanted;
}

}  // namespace nacre::courier
