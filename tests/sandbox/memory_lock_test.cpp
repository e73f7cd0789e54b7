// Goal: an area of swap is taken for protected only when it is.
#include "sandbox/memory_lock.h"

#include <catch2/catch_test_macros.hpp>

namespace nacre::sandbox {
namespace {

TEST_CASE("memory lock: swap on plain storage is not protected", "[sandbox]") {
    CHECK_FALSE(is_protected_swap("/swapfile  file  2097148 0 -2"));
    CHECK_FALSE(is_protected_swap("/dev/sda2  partition  2097148 0 -2"));
    CHECK_FALSE(is_protected_swap("/dev/dm-4096  partition  2097148 0 -2"));  // no such device
    CHECK_FALSE(is_protected_swap(""));
}

TEST_CASE("memory lock: swap that is compressed memory is protected", "[sandbox]") {
    CHECK(is_protected_swap("/dev/zram0\tpartition\t8000000\t0\t100"));
}

TEST_CASE("memory lock: an arena that was refused its lock is said", "[sandbox]") {
    using enum ArenaBacking;
    for (const ArenaBacking backing : {none, memfd_secret, guarded_locked})
        CHECK(with_arena(MemoryLock::arena_only, backing) == MemoryLock::arena_only);
    CHECK(with_arena(MemoryLock::arena_only, guarded_unlocked) == MemoryLock::nothing);
    CHECK(with_arena(MemoryLock::all, guarded_unlocked) == MemoryLock::all);
}

}  // namespace
}  // namespace nacre::sandbox
