// FailingIo: pread, pwrite, fdatasync and fsync of this test program, made to fail when told.
#pragma once

#include <cstdint>

namespace nacre::tests {

enum class Call { pwrite, fdatasync, fsync };

// From now on the `after`-th call (0: the next one) and all later ones fail with `error`, until the
// object ends. A pwrite with `write_part` first writes half of what it was given.
class FailingIo {
public:
    FailingIo(Call call, int error, int after = 0, bool write_part = false);
    ~FailingIo();
    FailingIo(const FailingIo&) = delete;
    FailingIo& operator=(const FailingIo&) = delete;
};

// A pread of any file that touches this byte fails with EIO, until the object ends.
class BadSector {
public:
    explicit BadSector(std::uint64_t offset);
    ~BadSector();
    BadSector(const BadSector&) = delete;
    BadSector& operator=(const BadSector&) = delete;
};

// Calls of fdatasync since the program started.
int fdatasync_calls();

}  // namespace nacre::tests
