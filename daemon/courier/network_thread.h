// NetworkThread: libsignal's thread: one environment, its runtime, and the parts that use them.
//
// Layer:   daemon/courier.
// Secrets: none of its own.
// Errors:  start(): of loading the addon and opening the network.
// Threads: starts one; post() from any.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "daemon/courier/chat.h"
#include "daemon/courier/key_watch.h"
#include "daemon/courier/provisioning.h"
#include "daemon/courier/unauthenticated.h"

namespace nacre::courier {

// What lives on the network thread.
struct Station {
    Chat chat;
    Unauthenticated anonymous;
    Provisioning provisioning;
    KeyWatch keys;
};

class NetworkThread {
public:
    // Makes the Station, on the thread.
    using Begin = std::function<std::unique_ptr<Station>(Loop& loop, Dialer& dialer)>;

    static Result<std::unique_ptr<NetworkThread>> start(const std::filesystem::path& addon,
                                                        const signal::NetworkOptions& options,
                                                        Begin begin);
    ~NetworkThread();  // stops
    NetworkThread(const NetworkThread&) = delete;
    NetworkThread& operator=(const NetworkThread&) = delete;

    // Disconnects (for at most 3 s), and leaves nothing running. For the owner.
    void stop();

    // Dropped once the thread ends.
    void post(std::function<void(Station& station)> work);

private:
    class PumpedLoop;

    NetworkThread() = default;
    Result<void> open(const std::filesystem::path& addon, const signal::NetworkOptions& options,
                      const Begin& begin);
    void run();
    void close();

    std::mutex mutex_;  // guards the pointer, which the thread sets and clears
    PumpedLoop* posting_ = nullptr;

    // The thread's own, in the order in which they are made.
    std::unique_ptr<Station> station_;
    std::unique_ptr<signal::Host> host_;
    std::unique_ptr<PumpedLoop> loop_;
    std::unique_ptr<signal::Network> network_;
    std::unique_ptr<Dialer> dialer_;
    bool stopping_ = false;

    std::thread thread_;
};

}  // namespace nacre::courier
