// Asynchronous calls of libsignal's: from a promise to a callback, and to what cancels it.
//
// Layer:   daemon/libsignal; behind chat.h.
// Threads: the owner thread.
#pragma once

#include <functional>
#include <memory>

#include "daemon/libsignal/call.h"
#include "daemon/libsignal/chat.h"

namespace nacre::signal {

struct Network::Parts {
    Host& host;
    // Shared, so that a Pending can tell that it is gone.
    std::shared_ptr<const Typed<native::TokioAsyncContext>> runtime;
    Typed<native::ConnectionManager> manager;
};

struct Pending::State {
    Host& host;
    std::weak_ptr<const Typed<native::TokioAsyncContext>> runtime;
    std::uint64_t token = 0;
    bool done = false;
};

using OnOutcome = std::function<void(Result<napi::Value*>)>;

// Has `done` called with what `started` comes to; from a later pump in any case.
Pending finish_later(Network::Parts& network, Result<Started> started, OnOutcome done);

}  // namespace nacre::signal
