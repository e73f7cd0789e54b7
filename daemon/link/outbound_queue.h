// OutboundQueue: frames that wait to be written, bounded in bytes.
//
// Layer:   daemon/link.
// Errors:  resource_exhausted (frame too large; or the reader's posts pass twice the bound),
//          timed_out, unavailable once closed.
// Threads: push from any thread; one thread runs write_to().
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>

#include "daemon/link/frame.h"

namespace nacre::link {

class OutboundQueue {
public:
    using Deadline = std::chrono::steady_clock::time_point;

    explicit OutboundQueue(std::size_t most_bytes) : most_bytes_{most_bytes} {}

    // Waits for room until `deadline`.
    Result<void> push(const Frame& frame, Deadline deadline = Deadline::max());
    // Never waits: for the thread that reads, on which the other side's reading may depend.
    Result<void> push_at_once(const Frame& frame);

    // Writes until close() (what is then left is dropped) or until the socket fails.
    Result<void> write_to(int socket);

    void close();

private:
    std::size_t most_bytes_;
    std::mutex mutex_;
    std::condition_variable room_;
    std::condition_variable work_;
    std::string bytes_;
    bool closed_ = false;
};

}  // namespace nacre::link
