// Zero on free: every block of the heap is wiped when it is given back, for the whole process:
// libsignal's, gRPC's and our own copies of plaintext do not outlive their use in freed memory.
//
// Layer:   sandbox. Compiled into nacre-vaultd and the command line; not under sanitizers, which have their own.
// Secrets: whatever lay in the block. What a block may not give back (stacks, registers, the
//          kernel's buffers) is not reached.
// Threads: as libc's.
//
// Costs about a tenth of the time of an allocating program. free and realloc replace libc's for
// every library of the process; malloc, calloc and the aligned ones stay libc's.
#ifndef NACRE_SANITIZED
#include <malloc.h>
#include <string.h>

#include <cerrno>
#include <cstdlib>

// libc's own, under the names that it keeps for those who replace them.
extern "C" void __libc_free(void* block);  // NOLINT(bugprone-reserved-identifier)

#define NACRE_REPLACES extern "C" __attribute__((visibility("default")))

NACRE_REPLACES void free(void* block) noexcept {
    if (block == nullptr) return;
    explicit_bzero(block, malloc_usable_size(block));
    const int kept = errno;
    __libc_free(block);
    errno = kept;
}

NACRE_REPLACES void* realloc(void* block, size_t size) noexcept {
    if (block == nullptr) return malloc(size);
    if (size == 0) {
        free(block);
        return nullptr;
    }
    const size_t had = malloc_usable_size(block);
    // Stays where it is while it fits and does not waste more than half.
    if (size <= had && size > had / 2) return block;
    void* moved = malloc(size);
    if (moved == nullptr) return size <= had ? block : nullptr;
    memcpy(moved, block, size < had ? size : had);
    free(block);
    return moved;
}
#endif
