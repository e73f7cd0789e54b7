// Courier: the other end of the link, as vaultd sees it: a hostile server that may also be absent.
//
// Layer:   daemon/vaultd, over daemon/link.
// Secrets: the device password goes out with login(); all else is ciphertext and public keys.
// Errors:  unavailable without a link; what the courier answered; timed_out.
// Threads: every function from any thread. Listener functions run on the link's reader thread and
//          must only enqueue.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>

#include "daemon/link/channel.h"
#include "daemon/vaultd/operations.h"

namespace nacre::vaultd {

struct CourierListener {
    // A new link stands: `link` counts them. Nothing of the one before comes any more.
    std::function<void(std::uint64_t link)> on_link;
    std::function<void(std::uint64_t link, Bytes header)> on_segment;
    // False: more than it has credit for. The link is closed, as after a malformed frame.
    std::function<bool(std::uint64_t link, std::uint64_t sequence, Bytes sealed)> on_record;
    std::function<bool(std::uint64_t link, std::uint64_t first, std::uint64_t last)> on_lost;
    // Connection or spool status changed.
    std::function<void(const courier::v1::ConnectionStatus& status)> on_connection;
    std::function<void(const courier::v1::SpoolStatus& status)> on_spool;
};

class Courier {
public:
    explicit Courier(CourierListener listener);
    ~Courier();

    // Takes a new link in place of the one before. Blocks for the handshake.
    Result<void> attach(daemon::Descriptor socket);

    // Requests; each waits for its answer.
    Result<void> login(const courier::v1::LoginRequest& request);
    Result<void> logout();
    Result<void> connect();
    Result<void> begin_epoch(std::uint64_t epoch, ByteView public_key, std::uint64_t committed);
    // Leaves public pre-keys (a PutKeys body; none: only asks) for when the vault is locked. How many
    // uploads wait, by what the courier says.
    Result<std::uint32_t> leave_keys(courier::v1::IdentityKind identity, bool replace, ByteView body);
    // The reply, whatever its HTTP-like status.
    Result<courier::v1::ChatReply> chat(const courier::v1::ChatRequest& request);
    // The whole blob of at most `most` bytes.
    Result<Bytes> download(const courier::v1::DownloadRequest& request, std::size_t most);

    using ProvisionCallback = std::function<void(Result<courier::v1::ProvisionEvent> event)>;
    // Events come until envelope, closed or an error; destroying the stream cancels.
    Result<link::Stream> provision(ProvisionCallback callback);

    // One-way; lost without a link, and repeated on the next one.
    void committed(std::uint64_t sequence);
    // Only on this link.
    void credit(std::uint64_t link, std::uint64_t count);

    // The number of the present link, 0 without one.
    std::uint64_t link() const;
    // What the courier's configuration says; nothing without a link.
    std::optional<courier::v1::Environment> environment() const;
    DaemonStatus status() const;
    // Blocks until connected. environment_changed or unavailable when that cannot come of itself, or
    // did not within `limit`.
    Result<void> wait_connected(std::chrono::milliseconds limit) const;

    void close();

private:
    std::shared_ptr<link::Channel> channel() const;
    Result<void> call(link::Frame frame);
    void post(const link::Frame& frame);
    void take(std::uint64_t link, link::Frame frame);
    void lost(std::uint64_t link);
    void overrun(std::uint64_t link);

    const CourierListener listener_;
    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    std::shared_ptr<link::Channel> channel_;
    std::uint64_t link_ = 0;
    bool closed_ = false;
    DaemonStatus status_;
};

}  // namespace nacre::vaultd
