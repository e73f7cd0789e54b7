// Process: the memory of a running or stopping process, read as root through /proc.
//
// Layer:   tests/memory; includes nothing of nacre's.
// Errors:  false or -1: no such process any more, or not allowed to read it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace nacre::memory {

struct Mapping {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    std::string name;  // "rw-p [heap]"
};

std::vector<Mapping> mappings_of(pid_t pid);

// "nacre-vaultd"; empty when it is gone.
std::string program_of(pid_t pid);

struct MemoryRead {
    std::uint64_t bytes = 0;
    std::uint64_t refused = 0;  // pages there that even root may not read: memfd_secret, vvar
};

// All pages that are in memory or in swap, whatever their protection, in pieces that overlap enough
// for no pattern to be cut; `offset` of a piece counts from the mapping's begin. Pages that were
// never touched, and files' pages that are not mapped in, are passed over: nothing of the process
// stands in them.
bool read_memory(pid_t pid, MemoryRead& total,
                 const std::function<void(const Mapping&, std::uint64_t offset,
                                          std::span<const std::uint8_t>)>& piece);

}  // namespace nacre::memory
