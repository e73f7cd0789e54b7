// RefusedConnections: ends an API connection over which a locked vault was asked for what it does not
// give. gRPC has read the question before anybody can refuse it, and keeps it in the connection's read
// buffer until 8 KiB more have come or the connection ends; its heap is wiped as it is freed.
//
// A connection goes some seconds after the refusal, as soon as no call runs on it. gRPC's clients
// connect again by themselves.
//
// Layer:   daemon/vaultd.
// Errors:  none: a connection that gRPC names in another way stays.
// Threads: one of its own; the functions from any.
#pragma once

#include <grpcpp/grpcpp.h>
#include <grpcpp/support/server_interceptor.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string_view>
#include <thread>

#include "daemon/base/descriptor.h"

namespace nacre::vaultd {

class RefusedConnections {
public:
    static constexpr std::chrono::seconds kStay{10};

    // `is_open`: the vault is. Then a lock wipes everything, and nothing is ended here.
    explicit RefusedConnections(std::function<bool()> is_open,
                                std::chrono::milliseconds stay = kStay);
    ~RefusedConnections();
    RefusedConnections(const RefusedConnections&) = delete;
    RefusedConnections& operator=(const RefusedConnections&) = delete;

    // For gRPC, which makes one of these for each call.
    std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> watch();

    // By their descriptor. What a call began with is what it ends with.
    void begin(int connection);
    void end(int connection);
    // During a call on it.
    void refused(int connection);

private:
    using Clock = std::chrono::steady_clock;
    struct Connection {
        int calls = 0;
        daemon::Descriptor own;  // a copy, so that the number is nobody else's; empty: not refused
        Clock::time_point due;
    };

    void run();
    Clock::time_point end_due();

    const std::function<bool()> is_open_;
    const std::chrono::milliseconds stay_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::map<int, Connection> connections_;
    bool stopping_ = false;
    std::thread thread_;
};

// The descriptor in gRPC's name of a peer, "fd:17"; -1: none.
int descriptor_of(std::string_view peer);

}  // namespace nacre::vaultd
