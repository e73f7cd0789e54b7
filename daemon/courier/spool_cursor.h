// SpoolCursor: reads the spool in order, from the oldest record that the vault does not have, as
// long as it grows.
//
// Layer:   daemon/courier.
// Errors:  none: what cannot be read, or is not as it was written, is given as lost, by its numbers.
// Threads: one owner, beside the thread that changes the spool: what is read is durable and does
//          not change; a segment that is deleted meanwhile was committed.
#pragma once

#include <deque>
#include <optional>

#include "daemon/courier/spool.h"
#include "daemon/spool/scan.h"

namespace nacre::courier {

struct SpoolItem {
    enum class Kind : std::uint8_t {
        header,  // of the segment that the records behind it stand in
        record,
        lost,  // first to last are not there any more
    };
    Kind kind = Kind::header;
    std::uint64_t first = 0;  // a record's sequence
    std::uint64_t last = 0;
    Bytes bytes;  // header, or sealed record
};

class SpoolCursor {
public:
    explicit SpoolCursor(const Spool& spool) : spool_{&spool} {}

    // Nothing: the end, for now.
    std::optional<SpoolItem> next();
    // It was not the end, but what comes next cannot be read at the moment: to be tried again.
    bool stuck() const { return stuck_; }

private:
    // What stands whole in a stretch of a segment in which something does not.
    struct Salvage {
        Bytes bytes;
        std::deque<spool::Place> places;
        std::uint64_t end = 0;  // the sequence behind the stretch
    };

    std::optional<SpoolItem> enter(const SegmentExtent& extent);
    SpoolItem take(const SegmentExtent& extent);
    std::optional<SpoolItem> read_record(const SegmentExtent& extent);
    void salvage(const SegmentExtent& extent);
    SpoolItem take_salvaged();
    SpoolItem lost_until(std::uint64_t end);
    SpoolItem record(const spool::RecordView& frame);
    bool fill(const SegmentExtent& extent, std::size_t wanted);
    void leave();

    const Spool* spool_;
    std::uint64_t number_ = 0;  // of the segment being read, or the lowest to read next
    bool inside_ = false;
    bool stuck_ = false;
    bool readable_ = false;       // its header was found
    daemon::Descriptor file_;
    std::uint64_t expected_ = 0;  // the next sequence
    std::uint64_t offset_ = 0;    // of the buffer's end in the file
    Bytes buffer_;
    std::size_t start_ = 0;  // of what is not yet taken from the buffer
    std::optional<Salvage> salvage_;
};

}  // namespace nacre::courier
