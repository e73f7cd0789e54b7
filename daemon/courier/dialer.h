// Dialer: how connections to Signal are made. The network's edge, which tests replace.
//
// Layer:   daemon/courier, over daemon/libsignal/chat.h.
// Secrets: the device's password on its way to libsignal.
// Errors:  as chat.h says.
// Threads: the network thread. Callbacks run inside its pump, never inside the call that was given
//          them; a line must not be destroyed in its own callbacks.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/libsignal/chat.h"

namespace nacre::courier {

// Answers a message with an HTTP-like status. 200: the server may forget it. Never called: it is
// delivered again on the next connection.
using Acknowledge = std::function<void(std::uint16_t status)>;

struct LineListener {
    std::function<void(Bytes envelope, std::int64_t server_ms, Acknowledge acknowledge)> message;
    std::function<void()> queue_empty;
    std::function<void(std::vector<std::string> alerts)> alerts;
    std::function<void(std::int64_t server_ms)> server_time;
    std::function<void(std::optional<Error> reason)> interrupted;
};

struct ProvisioningListener {
    std::function<void(std::string address, Acknowledge acknowledge)> address;
    std::function<void(Bytes envelope, Acknowledge acknowledge)> envelope;
    std::function<void(std::optional<Error> reason)> interrupted;
};

// An open connection; closes when destroyed.
class Line {
public:
    virtual ~Line() = default;
    virtual void send(const signal::Request& request, signal::OnResponse done) = 0;
    // Orderly; `done` in any case.
    virtual void disconnect(std::function<void()> done) = 0;
};

class Dialer {
public:
    using OnLine = std::function<void(Result<std::unique_ptr<Line>> line)>;
    // Gives up; the callback then gets canceled. Harmless later.
    using Cancel = std::function<void()>;

    virtual ~Dialer() = default;
    virtual Cancel authenticated(const signal::Login& login, LineListener listener,
                                 OnLine done) = 0;
    virtual Cancel unauthenticated(LineListener listener, OnLine done) = 0;
    virtual Cancel provisioning(ProvisioningListener listener, OnLine done) = 0;
};

// libsignal's.
std::unique_ptr<Dialer> signal_dialer(signal::Network& network);

}  // namespace nacre::courier
