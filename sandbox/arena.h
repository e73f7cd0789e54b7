// Arena: the memory in which keys and passphrases stand, out of reach of core dumps, swap and, with
// memfd_secret, of the kernel's own mappings and of /proc/PID/mem.
//
// Layer:   sandbox. Used through Secret<N> and Passphrase; nothing else allocates here.
// Secrets: all of them. Every piece is wiped when it is given back.
// Errors:  resource_exhausted: the arena is full, or the machine gives no memory for it.
// Threads: any; one lock around the table of pieces.
//
// The arena exists only while something is in it: memfd_secret memory blocks hibernation, and a
// locked daemon must not do that.
#pragma once

#include <cstddef>
#include <cstdint>

#include "api/base/result.h"

namespace nacre::sandbox {

enum class ArenaBacking : std::uint8_t {
    none,              // nothing stands in the arena now
    memfd_secret,      // not mapped by the kernel, never swapped
    guarded_locked,    // libsodium: guard pages, mlock, excluded from dumps
    guarded_unlocked,  // the same, but RLIMIT_MEMLOCK refused mlock: may reach swap
};

// What the arena stands in now.
ArenaBacking arena_backing();

// `size` zeroed bytes, 64-byte aligned; at most 64 KiB are in use in the whole process.
Result<std::uint8_t*> arena_take(std::size_t size);

// Wipes and gives back what arena_take gave. Never fails; a foreign pointer aborts.
void arena_return(std::uint8_t* piece, std::size_t size) noexcept;

// For tests: the next arena is made without memfd_secret. Only while nothing is in it.
void arena_forbid_memfd_secret(bool forbid);

}  // namespace nacre::sandbox
