// MemoryLock: keeps this process's memory out of swap, as far as the system's limits allow.
//
// Layer:   sandbox.
// Secrets: none.
// Errors:  none: what is refused is what the result says.
// Threads: lock_memory() once, in main before threads.
#pragma once

#include <cstdint>

#include "sandbox/arena.h"

namespace nacre::sandbox {

enum class MemoryLock : std::uint8_t {
    all,         // every page, now and later
    arena_only,  // RLIMIT_MEMLOCK is too small for more than the key arena
    nothing,     // nor for that
};

// Locks all memory when it is used (mlockall with MCL_ONFAULT), if the limit is infinite or the
// process may ignore it: a finite one would let later allocations fail.
MemoryLock lock_memory();

// The same while the arena stands in `backing`, which may have been refused its lock since.
constexpr MemoryLock with_arena(MemoryLock lock, ArenaBacking backing) {
    const bool refused = backing == ArenaBacking::guarded_unlocked;
    return lock == MemoryLock::arena_only && refused ? MemoryLock::nothing : lock;
}

enum class Swap : std::uint8_t {
    none,
    protected_swap,  // every active area is encrypted (dm-crypt) or in RAM (zram)
    plain,           // at least one is not, as far as this process can see
};

// From /proc/swaps and /sys/block, as they are now.
Swap active_swap();

// One line of /proc/swaps after its heading; false for an area on plain storage. For tests, too.
bool is_protected_swap(const char* line);

}  // namespace nacre::sandbox
