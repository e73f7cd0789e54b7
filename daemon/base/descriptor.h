// Descriptor: one owned file descriptor, and whole reads and writes on it.
//
// Layer:   daemon/base.
// Secrets: bytes pass through; none stay.
// Errors:  unavailable at an early end of file or a closed peer, else as os_error says.
// Threads: a value; one owner.
#pragma once

#include <cstddef>
#include <span>
#include <utility>

#include "api/base/bytes.h"
#include "api/base/result.h"

namespace nacre::daemon {

class Descriptor {
public:
    Descriptor() = default;
    explicit Descriptor(int fd) : fd_{fd} {}
    Descriptor(Descriptor&& other) noexcept : fd_{std::exchange(other.fd_, -1)} {}
    Descriptor& operator=(Descriptor&& other) noexcept;
    ~Descriptor() { reset(); }

    // -1 when empty.
    int get() const { return fd_; }
    explicit operator bool() const { return fd_ >= 0; }
    // Gives the number up; the caller closes it.
    int release() { return std::exchange(fd_, -1); }
    void reset();
    // A second, close-on-exec descriptor of the same open file.
    Result<Descriptor> duplicate() const;

private:
    int fd_ = -1;
};

// Fills `into`, or fails with unavailable when the file ends before.
Result<void> read_exact(int fd, std::span<std::uint8_t> into);
Result<void> write_all(int fd, ByteView bytes);

// Connected AF_UNIX pairs, close-on-exec.
Result<std::pair<Descriptor, Descriptor>> stream_pair();
Result<std::pair<Descriptor, Descriptor>> seqpacket_pair();

}  // namespace nacre::daemon
