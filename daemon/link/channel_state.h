// ChannelState: the inside of a Channel, shared with its two threads and with Replies and Streams.
//
// Layer:   daemon/link. For channel.cpp and channel_state.cpp only.
// Threads: mutex_ guards pending_, open_requests_ and the ids; handlers run without it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "daemon/link/channel.h"
#include "daemon/link/outbound_queue.h"

namespace nacre::link {

// What a Stream and the table of pending requests share.
struct OpenStream {
    std::mutex calling;  // held while the callback runs
    std::atomic<bool> ended{false};
    Stream::Callback callback;
};

class ChannelState : public std::enable_shared_from_this<ChannelState> {
public:
    ChannelState(daemon::Descriptor socket, Side side, courier::v1::Hello hello, FrameReader reader,
                 Handlers handlers);

    ~ChannelState();
    ChannelState(const ChannelState&) = delete;
    ChannelState& operator=(const ChannelState&) = delete;

    Result<void> start();
    void close();
    bool is_open() const { return !closed_; }
    const courier::v1::Hello& hello() const { return hello_; }

    Result<Frame> call(Frame request, std::chrono::milliseconds timeout);
    Result<std::uint64_t> open_stream(Frame request, std::shared_ptr<OpenStream> stream);
    void cancel(std::uint64_t request_id, OpenStream& stream);
    Result<void> post(const Frame& frame);

    Result<void> answer(std::uint64_t request_id, Frame::BodyCase request, Frame frame);
    bool is_open(std::uint64_t request_id);

private:
    // A call() that waits.
    struct Waiter {
        std::condition_variable arrived;
        std::optional<Result<Frame>> answer;
    };
    // Neither waiter nor stream: given up, and kept so that a late answer is not an offence.
    struct Pending {
        Frame::BodyCase request = Frame::BODY_NOT_SET;
        std::shared_ptr<Waiter> waiter;
        std::shared_ptr<OpenStream> stream;
    };

    bool on_reader() const { return std::this_thread::get_id() == reader_id_.load(); }
    Result<void> push(const Frame& frame, OutboundQueue::Deadline deadline);
    Result<std::uint64_t> add_pending(Pending pending);
    // No callback runs or starts after this, unless called from within it.
    void end(OpenStream& stream);
    void finish(const Error& why);
    void run_reader();
    void run_writer();
    Result<void> read_frames();
    Result<void> take(Frame frame);
    Result<void> take_answer(Frame frame);
    Result<void> take_request(Frame frame);
    static void deliver(OpenStream& stream, Result<Frame> frame, bool last);

    daemon::Descriptor socket_;
    const Side side_;
    const courier::v1::Hello hello_;
    FrameReader frames_;
    Handlers handlers_;
    OutboundQueue queue_{kMaxQueuedBytes};

    std::mutex mutex_;
    std::map<std::uint64_t, Pending> pending_;                // vault
    std::map<std::uint64_t, Frame::BodyCase> open_requests_;  // courier
    std::uint64_t last_id_ = 0;                               // vault

    std::atomic<bool> closed_{false};
    std::atomic<bool> closed_here_{false};
    std::atomic<std::thread::id> reader_id_{};
    std::mutex joining_;
    std::thread reader_;
    std::thread writer_;
};

}  // namespace nacre::link
