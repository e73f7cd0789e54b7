// Unauthenticated: the connection that does not say who we are, opened when a request needs it and
// kept.
//
// Layer:   daemon/courier.
// Secrets: requests pass through.
// Errors:  why no connection came, or what libsignal says of the request.
// Threads: the network thread.
#pragma once

#include <memory>
#include <vector>

#include "daemon/courier/dialer.h"
#include "daemon/courier/loop.h"

namespace nacre::courier {

class Unauthenticated {
public:
    Unauthenticated(Loop& loop, Dialer& dialer) : loop_{loop}, dialer_{dialer} {}

    void send(signal::Request request, signal::OnResponse done);
    // Requests that wait for a connection fail with canceled.
    void stop();

private:
    struct Waiting {
        signal::Request request;
        signal::OnResponse done;
    };

    void dial();
    void dialed(std::uint64_t generation, Result<std::unique_ptr<Line>> line);
    void ended(std::uint64_t generation);

    Loop& loop_;
    Dialer& dialer_;
    std::uint64_t generation_ = 0;
    bool dialing_ = false;
    Dialer::Cancel cancel_;
    std::unique_ptr<Line> line_;
    std::vector<Waiting> waiting_;
};

}  // namespace nacre::courier
