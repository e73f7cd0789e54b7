// Recovery: what a spool folder holds, after whatever happened to the process that wrote it.
//
// Layer:   daemon/courier.
// Errors:  of reading the folder; unsupported: a spool of another format version, left as it is.
//          Damage is not an error: what stands is kept and sent on, the rest named as lost.
// Threads: at start, before others.
#pragma once

#include <deque>

#include "daemon/courier/spool.h"

namespace nacre::courier {

struct Recovered {
    std::deque<SegmentExtent> segments;  // by number
    std::uint64_t next_segment = 1;
};

// Cuts a torn end: what was being written when the process or the machine died was never
// acknowledged. A record that is there in its whole length but not as it was written, and what
// `mark` says was there, is damage: it is counted, so that the vault learns of it. Removes segments
// without a header that were never written to; sets others without one aside.
Result<Recovered> recover_spool(const StateFolder& folder, const Mark& mark);

}  // namespace nacre::courier
