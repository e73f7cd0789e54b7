// Provisioning: the connections on which the server waits for the primary to scan our code.
//
// Layer:   daemon/courier.
// Secrets: none: the envelope is for the vault's provisioning key.
// Errors:  the stream ends with timed_out after the last address, canceled, or why no connection
//          came.
// Threads: the network thread.
//
// The server closes each connection after 90 s, and its address dies with it: so a new one is
// opened every 45 s beside the old one, which may be scanned still. After six nobody is looking.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "daemon/courier/dialer.h"
#include "daemon/courier/loop.h"
#include "nacre/courier/v1/link.pb.h"

namespace nacre::courier {

inline constexpr std::chrono::milliseconds kProvisionRotation{45'000};
inline constexpr std::size_t kProvisionMostOpen = 2;
inline constexpr int kProvisionMostAddresses = 6;

class Provisioning {
public:
    // False: nobody listens any more.
    using Sink = std::function<bool(const v1::ProvisionEvent& event)>;

    Provisioning(Loop& loop, Dialer& dialer,
                 std::chrono::milliseconds rotation = kProvisionRotation)
        : loop_{loop}, dialer_{dialer}, rotation_{rotation} {}

    // One at a time: already_exists while another is under way.
    Result<void> start(std::uint64_t id, Sink sink);
    // Ends that one with canceled; harmless for any other.
    void cancel(std::uint64_t id);
    void stop();

    bool running() const { return sink_ != nullptr; }

private:
    struct Slot {
        std::uint64_t number = 0;
        Dialer::Cancel cancel;
        std::unique_ptr<Line> line;
    };

    void open();
    ProvisioningListener listener(std::uint64_t number);
    void dialed(std::uint64_t number, Result<std::unique_ptr<Line>> line);
    void address(std::uint64_t number, const std::string& address);
    void envelope(const Bytes& envelope);
    void ended(std::uint64_t number, const std::optional<Error>& reason);
    void rotate();
    void remove(std::uint64_t number);
    void finish(const Error& why);
    void release();
    Slot* find(std::uint64_t number);

    Loop& loop_;
    Dialer& dialer_;
    std::chrono::milliseconds rotation_;
    Sink sink_;
    std::uint64_t id_ = 0;
    std::vector<Slot> open_;      // oldest first
    std::uint64_t slots_ = 0;     // numbers given, over all streams
    int opened_ = 0;              // of this stream
    Loop::Timer timer_ = 0;
};

}  // namespace nacre::courier
