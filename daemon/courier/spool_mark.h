// Mark: how far the spool had come, kept beside it: so that records that vanish from its end, with
// nothing behind them to show the gap, are missed.
//
// Layer:   daemon/courier.
// Secrets: none.
// Errors:  none: a mark that cannot be written or read is a mark that says nothing.
// Threads: one owner.
// Format:  daemon/spool/FORMAT.md, section 6.
//
// Written after the records are durable and not synced itself: it may fall behind (a power cut), it
// is never ahead. It costs one write of 48 bytes a batch.
#pragma once

#include "daemon/courier/state_file.h"

namespace nacre::courier {

inline constexpr std::size_t kMarkBytes = 48;

struct Mark {
    std::uint64_t sequence = 0;      // of the last durable record
    std::uint64_t committed = 0;     // by the vault, as far as was known
    std::uint64_t next_segment = 1;  // numbers below it are used up
};

Bytes write_mark(const Mark& mark);
Result<Mark> parse_mark(ByteView bytes);

class MarkFile {
public:
    // Reads what is there; the default if that is nothing or damaged.
    static Mark load(const StateFolder& state);

    explicit MarkFile(const StateFolder& state);
    void store(const Mark& mark);

private:
    daemon::Descriptor file_;
    bool told_ = false;
};

}  // namespace nacre::courier
