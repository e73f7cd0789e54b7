// LockSignal: SIGUSR1, which asks to lock, as a readable descriptor.
//
// Layer:   daemon/base.
// Threads: open() once in main, before threads: they inherit the blocked mask. take() from one.
#pragma once

#include "daemon/base/descriptor.h"

namespace nacre::daemon {

class LockSignal {
public:
    static Result<LockSignal> open();

    int fd() const { return fd_.get(); }
    // Whether one has come since the last call; several count as one.
    bool take() const;

private:
    explicit LockSignal(Descriptor fd) : fd_{std::move(fd)} {}
    Descriptor fd_;
};

}  // namespace nacre::daemon
