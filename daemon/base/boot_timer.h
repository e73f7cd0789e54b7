// BootTimer: a moment of Clock::boot_ms() as a readable descriptor. Time goes on while the machine
// sleeps, and what fell due meanwhile is readable right after.
//
// Layer:   daemon/base.
// Threads: set() from any.
#pragma once

#include <cstdint>
#include <optional>

#include "daemon/base/descriptor.h"

namespace nacre::daemon {

class BootTimer {
public:
    static Result<BootTimer> open();

    // Readable from `boot_ms` on, until set again; never with nothing.
    void set(std::optional<std::int64_t> boot_ms) const;
    int fd() const { return fd_.get(); }

private:
    explicit BootTimer(Descriptor fd) : fd_{std::move(fd)} {}
    Descriptor fd_;
};

}  // namespace nacre::daemon
