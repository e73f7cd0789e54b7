#include "sandbox/arena.h"

#include <fcntl.h>
#include <sodium.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bitset>
#include <cerrno>
#include <cstdlib>
#include <mutex>
#include <new>

#ifndef SYS_memfd_secret
#define SYS_memfd_secret 447  // Debian 12's headers may be older than the kernel
#endif

namespace nacre::sandbox {
namespace {

constexpr std::size_t kUnit = 64;
constexpr std::size_t kArenaSize = std::size_t{64} * 1024;
constexpr std::size_t kUnits = kArenaSize / kUnit;

std::uint8_t* map_memfd_secret() {
    const int fd = static_cast<int>(syscall(SYS_memfd_secret, O_CLOEXEC));
    if (fd < 0) return nullptr;
    void* memory = MAP_FAILED;
    if (ftruncate(fd, kArenaSize) == 0) {
        memory = mmap(nullptr, kArenaSize, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    }
    close(fd);  // the mapping keeps it
    if (memory == MAP_FAILED) return nullptr;
    // A child must not share the keys: the mapping is MAP_SHARED, so fork would not copy it.
    madvise(memory, kArenaSize, MADV_DONTFORK);
    return static_cast<std::uint8_t*>(memory);
}

class Arena {
public:
    Result<std::uint8_t*> take(std::size_t size) {
        const std::lock_guard lock{mutex_};
        if (size == 0 || size > kArenaSize) {
            return Error{ErrorCode::resource_exhausted, "take from the key arena"};
        }
        if (base_ == nullptr && !make()) {
            return Error{ErrorCode::resource_exhausted, "make the key arena", errno};
        }
        const std::size_t units = (size + kUnit - 1) / kUnit;
        std::size_t run = 0;
        for (std::size_t at = 0; at < kUnits; ++at) {
            run = used_.test(at) ? 0 : run + 1;
            if (run == units) return occupy(at + 1 - units, units);
        }
        return Error{ErrorCode::resource_exhausted, "take from the key arena"};
    }

    void give_back(std::uint8_t* piece, std::size_t size) {
        const std::lock_guard lock{mutex_};
        const std::size_t units = (size + kUnit - 1) / kUnit;
        if (base_ == nullptr || piece < base_ || piece + units * kUnit > base_ + kArenaSize) abort();
        sodium_memzero(piece, units * kUnit);
        const auto first = static_cast<std::size_t>(piece - base_) / kUnit;
        for (std::size_t at = first; at < first + units; ++at) used_.reset(at);
        if (used_.none()) unmake();
    }

    ArenaBacking backing() {
        const std::lock_guard lock{mutex_};
        return backing_;
    }

    void forbid_memfd_secret(bool forbid) {
        const std::lock_guard lock{mutex_};
        if (base_ != nullptr) abort();
        memfd_secret_forbidden_ = forbid;
    }

private:
    std::uint8_t* occupy(std::size_t first, std::size_t units) {
        for (std::size_t at = first; at < first + units; ++at) used_.set(at);
        return base_ + first * kUnit;  // zero: fresh, or wiped when given back
    }

    bool make() {
        if (!memfd_secret_forbidden_) base_ = map_memfd_secret();
        if (base_ != nullptr) {
            backing_ = ArenaBacking::memfd_secret;
            return true;
        }
        if (sodium_init() < 0) return false;
        base_ = static_cast<std::uint8_t*>(sodium_malloc(kArenaSize));
        if (base_ == nullptr) return false;
        // sodium_malloc ignores a refused mlock; asking again tells.
        backing_ = sodium_mlock(base_, kArenaSize) == 0 ? ArenaBacking::guarded_locked
                                                        : ArenaBacking::guarded_unlocked;
        sodium_memzero(base_, kArenaSize);
        return true;
    }

    void unmake() {
        if (backing_ == ArenaBacking::memfd_secret) {
            munmap(base_, kArenaSize);
        } else {
            sodium_free(base_);
        }
        base_ = nullptr;
        backing_ = ArenaBacking::none;
    }

    std::mutex mutex_;
    std::uint8_t* base_ = nullptr;
    ArenaBacking backing_ = ArenaBacking::none;
    std::bitset<kUnits> used_;
    bool memfd_secret_forbidden_ = false;
};

// Never destroyed: a Secret in a static object may be given back after main.
Arena& arena() {
    alignas(Arena) static std::byte storage[sizeof(Arena)];
    static Arena* const the_arena = new (storage) Arena;
    return *the_arena;
}

}  // namespace

ArenaBacking arena_backing() { return arena().backing(); }

Result<std::uint8_t*> arena_take(std::size_t size) { return arena().take(size); }

void arena_return(std::uint8_t* piece, std::size_t size) noexcept {
    arena().give_back(piece, size);
}

void arena_forbid_memfd_secret(bool forbid) { arena().forbid_memfd_secret(forbid); }

}  // namespace nacre::sandbox
