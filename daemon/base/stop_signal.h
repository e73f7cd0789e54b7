// StopSignal: SIGTERM and SIGINT as a readable descriptor.
//
// Layer:   daemon/base.
// Threads: open() once in main, before threads: they inherit the blocked mask. fd() may be polled
//          by any number of threads; nobody reads it, so it stays readable once a signal came.
#pragma once

#include "daemon/base/descriptor.h"

namespace nacre::daemon {

class StopSignal {
public:
    // Also ignores SIGPIPE: writes to a closed socket return EPIPE.
    static Result<StopSignal> open();

    // As if SIGTERM had come: main, which must be the one that polls, ends in order. From any thread.
    static void raise();

    int fd() const { return fd_.get(); }
    bool stopped() const;

private:
    explicit StopSignal(Descriptor fd) : fd_{std::move(fd)} {}
    Descriptor fd_;
};

}  // namespace nacre::daemon
