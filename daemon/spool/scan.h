// Scan: finds the records that stand whole in a damaged file, whatever was done to it.
//
// Layer:   daemon/spool; the courier's half. Includes api/base only.
// Secrets: none.
// Errors:  none; what is not whole is not found.
// Threads: pure functions.
#pragma once

#include <vector>

#include "daemon/spool/format.h"

namespace nacre::spool {

struct Place {
    std::uint64_t sequence = 0;
    std::size_t offset = 0;  // of the record's frame
};

// Where the whole records of `segment` with a sequence in [first, end) stand in `bytes`, by
// sequence, none twice. After a place where no record begins it looks on byte by byte: linear for
// what damage leaves behind, since a length and a sequence that fit are rare by accident. For bytes
// made up so that they overlap it is, too: once several times their size has been hashed in vain,
// what begins within something already hashed is passed over, whole or not.
std::vector<Place> find_records(ByteView bytes, std::uint64_t segment, std::uint64_t first,
                                std::uint64_t end);

}  // namespace nacre::spool
