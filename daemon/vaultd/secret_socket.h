// SecretSocket: the way of passphrases into vaultd, past gRPC and its buffers.
//
// A call that needs a passphrase issues a ticket and hands it to its client over the API; the
// client connects here and sends one message, the 32 ticket bytes and the passphrase, and closes
// its side. A ticket works once, for two minutes. Whoever sends anything else is closed.
//
// Layer:   daemon/vaultd.
// Secrets: the passphrase, read straight into the key arena and moved to the waiting call.
// Errors:  wait(): timed_out, canceled; issue(): resource_exhausted.
// Threads: one of its own that accepts, one connection at a time; issue() and wait() from any.
#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>

#include "api/base/result.h"
#include "daemon/base/descriptor.h"
#include "daemon/vaultd/acceptor.h"
#include "sandbox/secret.h"

namespace nacre::vaultd {

inline constexpr std::size_t kTicketSize = 32;
inline constexpr std::chrono::minutes kTicketLife{2};

class SecretSocket {
    struct Waiting;

public:
    // A place in the queue of those who wait; giving it up invalidates the ticket.
    class Ticket {
    public:
        Ticket(Ticket&&) noexcept = default;
        Ticket& operator=(Ticket&&) = delete;
        ~Ticket();
        const std::array<std::uint8_t, kTicketSize>& bytes() const;
        // Blocks until the passphrase is there, the ticket expires, or `stop`.
        Result<Passphrase> wait(std::stop_token stop);

    private:
        friend class SecretSocket;
        Ticket(SecretSocket& socket, std::shared_ptr<Waiting> waiting)
            : socket_{&socket}, waiting_{std::move(waiting)} {}
        SecretSocket* socket_;
        std::shared_ptr<Waiting> waiting_;
    };

    // `life` is shorter in tests only.
    static Result<std::unique_ptr<SecretSocket>> start(
        daemon::Descriptor listening, PeerRule peers,
        std::chrono::milliseconds life = kTicketLife);
    ~SecretSocket();

    Result<Ticket> issue();

    // Wakes nobody who waits: their own stop tokens do. Returns when the thread has ended.
    void stop();

private:
    static constexpr std::size_t kMaxTickets = 16;

    struct Waiting {
        std::array<std::uint8_t, kTicketSize> bytes{};
        std::chrono::steady_clock::time_point until;
        std::optional<Passphrase> passphrase;
    };

    explicit SecretSocket(std::chrono::milliseconds life) : life_{life} {}
    void take(daemon::Descriptor connection);
    void deliver(const std::array<std::uint8_t, kTicketSize>& bytes, Passphrase passphrase);
    void withdraw(const std::shared_ptr<Waiting>& waiting);

    const std::chrono::milliseconds life_;
    std::mutex mutex_;
    std::condition_variable_any arrived_;
    std::list<std::shared_ptr<Waiting>> waiting_;
    int connection_ = -1;  // being read; shut down to end the read
    bool stopping_ = false;
    std::unique_ptr<Acceptor> acceptor_;
};

}  // namespace nacre::vaultd
