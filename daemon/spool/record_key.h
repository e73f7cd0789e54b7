// RecordKey: a segment's key, in ordinary memory and wiped with its owner.
//
// Layer:   daemon/spool.
// Secrets: itself. Not in the arena: the courier has none to spare, and what it protects are
//          envelopes that are end-to-end encrypted as they are; what it adds is who sent when.
// Threads: one owner.
#pragma once

#include <array>
#include <memory>

#include "daemon/spool/format.h"

namespace nacre::spool {

struct WipeKey {
    void operator()(std::array<std::uint8_t, kRecordKeyBytes>* key) const;
};

using RecordKey = std::unique_ptr<std::array<std::uint8_t, kRecordKeyBytes>, WipeKey>;

RecordKey empty_record_key();

}  // namespace nacre::spool
