// Chat: the authenticated connection, kept up as long as the server and the owner want it.
//
// Layer:   daemon/courier.
// Secrets: the login, while there is one; envelopes pass through.
// Errors:  of connections become states; see ConnectionStatus in link.proto. Three of them, the
//          Halts, end all trying until the owner does something: a device that was replaced,
//          removed or outdated must not knock for ever.
// Threads: the network thread. Events run on it, inside calls of this class.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>

#include "api/base/clock.h"
#include "daemon/courier/backoff.h"
#include "daemon/courier/dialer.h"
#include "daemon/courier/halt.h"
#include "daemon/courier/intake.h"
#include "daemon/courier/login.h"
#include "daemon/courier/loop.h"

namespace nacre::courier {

struct ChatEvents {
    // To be stored; then acknowledge(ticket). Tickets rise over all connections.
    std::function<void(std::uint64_t ticket, Envelope envelope)> envelope;
    std::function<void()> queue_empty;
    // The connection ended: what was not acknowledged is delivered again by the next one.
    std::function<void()> interrupted;
    std::function<void(const v1::ConnectionStatus& status)> status;
    // Asks otherwise whether the server knows the device; later, or never, calls heard() with the
    // generation given.
    std::function<void(const signal::Login& login, std::uint64_t generation)> doubt;
    // Entered or (none) left; to be remembered over a restart.
    std::function<void(const Halted& halted)> halted;
};

class Chat {
public:
    // After so many connections in a row that were accepted and closed before the server answered
    // anything, it is asked in another way whether it knows the device. (Signal's refuses the
    // upgrade; the test server closes.)
    static constexpr int kDoubtfulCloses = 2;

    Chat(Loop& loop, Dialer& dialer, const Clock& clock, Random random, ChatEvents events);

    // What was remembered from before the start. Call before login().
    void resume(const Halted& halted);

    // Connects, unless it is the login there is, a halt holds for this device (save unlinked: the
    // vault believes to be linked, so it is worth one try), or `environment_fits` is false.
    void login(const DeviceLogin& login, bool environment_fits);
    void logout();
    // The owner's wish: at once, whatever was waited for. not_linked; environment_changed.
    Result<void> reconnect();

    // The answer to ChatEvents::doubt.
    void heard(std::uint64_t generation, bool known);

    // Everything up to this ticket is durable.
    void acknowledge(std::uint64_t ticket);

    // unavailable without a connection.
    void send(const signal::Request& request, signal::OnResponse done);

    // Ends the connection; the next one comes after a pause.
    void pause(const Error& why);

    // For good; `done` when the connection has ended orderly or there is none. Then close().
    void stop(std::function<void()> done);
    void close() { line_.reset(); }

private:
    using State = v1::ConnectionStatus::State;
    struct Waiting {
        std::uint64_t ticket = 0;
        Acknowledge acknowledge;
    };

    void connect();
    LineListener listener(std::uint64_t generation);
    void connected(std::uint64_t generation, Result<std::unique_ptr<Line>> line);
    void answered(std::uint64_t generation, const Result<signal::Response>& response);
    void confirmed();
    void message(Bytes envelope, std::int64_t server_ms, Acknowledge acknowledge);
    void ended(std::uint64_t generation, const std::optional<Error>& reason);
    void retry(const std::optional<Error>& reason);
    void halt(Halt halt, const Error& reason);
    void leave_halt();
    void drop();
    bool current(std::uint64_t generation) const { return live_ && generation == generation_; }
    void set_state(State state);
    void push();

    Loop& loop_;
    Dialer& dialer_;
    const Clock& clock_;
    Backoff backoff_;
    ChatEvents events_;

    std::optional<DeviceLogin> login_;
    bool environment_fits_ = true;
    Halted halted_;

    std::uint64_t generation_ = 0;  // of the connection being made or there
    bool live_ = false;             // it has neither ended nor been given up
    bool confirmed_ = false;        // the server has said anything on it
    std::int64_t connected_ms_ = 0;
    int silent_closes_ = 0;
    Dialer::Cancel cancel_;
    std::unique_ptr<Line> line_;
    Loop::Timer timer_ = 0;

    std::uint64_t ticket_ = 0;
    std::deque<Waiting> waiting_;
    v1::ConnectionStatus status_;
};

}  // namespace nacre::courier
