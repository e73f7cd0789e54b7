// Channel: one live link between vaultd and the courier.
//
// Layer:   daemon/link.
// Secrets: as Frame.
// Errors:  bad_message, unsupported (other version), unavailable (peer gone or closed here),
//          timed_out, resource_exhausted; answered Failed arrives as its own code.
// Threads: every function may be called from any thread. Handlers and stream callbacks run on the
//          channel's reader thread, one at a time; they may post, reply, cancel and call
//          open_stream, but must not call() (it would wait for itself) and should be short.
//
// Neither side can block the other: bytes to write stand in a queue of at most kMaxQueuedBytes
// that a thread of its own writes; a poster waits while it is full. The reader thread never waits:
// beyond twice that its post fails with resource_exhausted and the link closes.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include "daemon/base/descriptor.h"
#include "daemon/link/frame.h"

namespace nacre::link {

inline constexpr std::size_t kMaxQueuedBytes = std::size_t{4} << 20;
inline constexpr std::size_t kMaxOpenRequests = 4096;
inline constexpr std::chrono::seconds kHandshakeTimeout{10};

class ChannelState;
struct OpenStream;

// The courier's right to answer one request, once or as a stream. Copies answer the same request.
class Reply {
public:
    // Fills in request_id. After the last frame (is_last) it is used up. unavailable: link closed;
    // internal: wrong kind of answer, or used up; resource_exhausted: too large, still to answer.
    Result<void> send(Frame answer) const;
    Result<void> done() const;
    Result<void> fail(const Error& error) const;

    std::uint64_t request_id() const { return request_id_; }
    // False: the link is closed or the last frame is sent.
    bool open() const;

private:
    friend class ChannelState;
    Reply(std::weak_ptr<ChannelState> state, std::uint64_t request_id, Frame::BodyCase request)
        : state_{std::move(state)}, request_id_{request_id}, request_{request} {}
    std::weak_ptr<ChannelState> state_;
    std::uint64_t request_id_;
    Frame::BodyCase request_;
};

// The vault's end of a stream. Destroying it cancels.
class Stream {
public:
    // An error is the end: what Failed said, unavailable, or canceled. `last`: no more calls.
    using Callback = std::function<void(Result<Frame> frame, bool last)>;

    Stream() = default;
    Stream(Stream&& other) noexcept;
    Stream& operator=(Stream&& other) noexcept;
    ~Stream() { cancel(); }

    // Tells the courier to end. The callback is not called again after this returns, unless this
    // is called from within it. Nothing to do when the stream has ended.
    void cancel();
    // Download: takes `bytes` more.
    Result<void> credit(std::uint64_t bytes);

private:
    friend class Channel;
    std::weak_ptr<ChannelState> state_;
    std::shared_ptr<OpenStream> stream_;
    std::uint64_t request_id_ = 0;
};

struct Handlers {
    // One-way frames. vault: SpoolSegment, SpoolRecord, SpoolLost, SpoolStatus,
    // ConnectionStatus.
    // courier: CancelRequest, Committed, Credit.
    std::function<void(Frame frame)> on_frame;
    // courier: every request; answer now or later, from any thread.
    std::function<void(Frame request, Reply reply)> on_request;
    // Once, when the link ended by itself: peer gone, malformed frame. Not after close().
    std::function<void(const Error& why)> on_close;
};

class Channel {
public:
    // Exchanges Hello (blocks for at most kHandshakeTimeout), then starts the threads.
    // `environment`: the courier's; the vault passes none.
    static Result<std::unique_ptr<Channel>> open(daemon::Descriptor socket, Side side,
                                                 const courier::v1::Environment& environment,
                                                 Handlers handlers);
    // Closes.
    ~Channel();

    // vault: sends a request and waits for its one answer.
    Result<Frame> call(Frame request, std::chrono::milliseconds timeout);
    // vault: ProvisionRequest, DownloadRequest.
    Result<Stream> open_stream(Frame request, Stream::Callback callback);
    // One-way frames. Waits while the queue is full.
    Result<void> post(const Frame& frame);

    // From the courier's Hello.
    const courier::v1::Environment& peer_environment() const;
    bool is_open() const;

    // Fails everything pending with unavailable and joins the threads. From a handler it only
    // begins; the destructor, too, may run there.
    void close();

private:
    explicit Channel(std::shared_ptr<ChannelState> state) : state_{std::move(state)} {}
    std::shared_ptr<ChannelState> state_;
};

}  // namespace nacre::link
