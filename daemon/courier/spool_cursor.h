// SpoolCursor: reads the spool in order, from the oldest kept segment, as long as it grows.
//
// Layer:   daemon/courier.
// Errors:  of reading. A segment that cannot be read on is left for the next: the vault notices.
// Threads: one owner, beside the thread that changes the spool: what is read is durable and does
//          not change; a segment that is deleted meanwhile was committed.
#pragma once

#include <optional>

#include "daemon/courier/spool.h"

namespace nacre::courier {

struct SpoolItem {
    bool header = false;  // of a segment, before its first record; else a sealed record
    Bytes bytes;
};

class SpoolCursor {
public:
    explicit SpoolCursor(const Spool& spool) : spool_{&spool} {}

    // Nothing: the end, for now.
    std::optional<SpoolItem> next();

private:
    std::optional<SpoolItem> begin_segment(const SegmentExtent& extent);
    std::optional<SpoolItem> read_record(const SegmentExtent& extent);
    bool fill(const SegmentExtent& extent, std::size_t wanted);
    void leave();

    const Spool* spool_;
    daemon::Descriptor file_;
    std::uint64_t number_ = 0;  // of the segment being read, or the lowest to read next
    std::uint64_t read_ = 0;    // records of it
    std::uint64_t offset_ = 0;  // of the buffer's end in the file
    Bytes buffer_;
    std::size_t start_ = 0;  // of what is not yet taken from the buffer
};

}  // namespace nacre::courier
