// Reading of a spool segment whose disk may have bad sectors.
//
// Layer:   courier.
// Secrets: none; records are sealed.
// Errors:  see each function.
// Threads: any.
#pragma once

#include <cstddef>
#include <cstdint>

#include "api/base/bytes.h"

namespace nacre::courier {

// Appends up to `most` bytes that stand at `at` in the file; returns how many, 0 at its end. What the
// disk cannot give is zeros, sector by sector, so that what stands behind is found.
std::size_t read_past_errors(int fd, std::uint64_t at, std::size_t most, Bytes& into);

}  // namespace nacre::courier
