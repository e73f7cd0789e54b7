// Recovery: what a spool folder holds, after whatever happened to the process that wrote it.
//
// Layer:   daemon/courier.
// Errors:  of reading the folder. Damage is not an error: what stands is kept and sent on, and the
//          vault judges it.
// Threads: at start, before others.
#pragma once

#include <deque>

#include "daemon/courier/spool.h"

namespace nacre::courier {

struct Recovered {
    std::deque<SegmentExtent> segments;  // by number
    std::uint64_t next_segment = 1;
};

// Cuts torn ends, removes segments without a whole header.
Result<Recovered> recover_spool(const StateFolder& folder);

}  // namespace nacre::courier
