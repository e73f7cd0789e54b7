#include "daemon/link/channel_state.h"

#include <pthread.h>
#include <sys/socket.h>

#include <cerrno>
#include <system_error>
#include <vector>

#include "daemon/link/failed.h"

namespace nacre::link {
namespace {

constexpr std::size_t kReadBytes = std::size_t{64} << 10;

Error closed_error() { return {ErrorCode::unavailable, "link closed"}; }

}  // namespace

ChannelState::ChannelState(daemon::Descriptor socket, Side side, courier::v1::Hello hello,
                           FrameReader reader, Handlers handlers)
    : socket_{std::move(socket)},
      side_{side},
      hello_{std::move(hello)},
      frames_{std::move(reader)},
      handlers_{std::move(handlers)} {}

ChannelState::~ChannelState() {
    // Joinable only when the Channel was destroyed in a handler: this runs on the last of the two.
    if (reader_.joinable()) reader_.detach();
    if (writer_.joinable()) writer_.detach();
}

Result<void> ChannelState::start() {
    const std::lock_guard lock{joining_};
    try {
        writer_ = std::thread{[self = shared_from_this()] { self->run_writer(); }};
        reader_ = std::thread{[self = shared_from_this()] { self->run_reader(); }};
    } catch (const std::system_error& error) {
        closed_ = true;
        queue_.close();
        if (writer_.joinable()) writer_.join();
        return os_error("start link threads", error.code().value());
    }
    return {};
}

void ChannelState::close() {
    closed_here_ = true;
    closed_ = true;
    queue_.close();
    // Wakes both threads; also what a LinkConnector that watches the socket sees.
    shutdown(socket_.get(), SHUT_RDWR);
    if (on_reader()) return;
    const std::lock_guard lock{joining_};
    if (reader_.joinable()) reader_.join();
    if (writer_.joinable()) writer_.join();
}

Result<void> ChannelState::push(const Frame& frame, OutboundQueue::Deadline deadline) {
    if (!on_reader()) return queue_.push(frame, deadline);
    const Result<void> pushed = queue_.push_at_once(frame);
    // Too large a frame is the caller's mistake; a full queue is the other side's.
    if (!pushed.ok() && frame.ByteSizeLong() <= kMaxFrameBytes) {
        shutdown(socket_.get(), SHUT_RDWR);
    }
    return pushed;
}

Result<std::uint64_t> ChannelState::add_pending(Pending pending) {
    const std::lock_guard lock{mutex_};
    if (closed_) return closed_error();
    if (pending_.size() >= kMaxOpenRequests) {
        return Error{ErrorCode::resource_exhausted, "too many link requests"};
    }
    pending_.emplace(++last_id_, std::move(pending));
    return last_id_;
}

Result<Frame> ChannelState::call(Frame request, std::chrono::milliseconds timeout) {
    if (side_ != Side::vault || on_reader()) return Error{ErrorCode::internal, "link call"};
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    const auto waiter = std::make_shared<Waiter>();
    const std::uint64_t id = NACRE_TRY(add_pending({request.body_case(), waiter, nullptr}));
    request.set_request_id(id);
    const Result<void> pushed = role(request, side_) == Role::request
                                    ? push(request, deadline)
                                    : Error{ErrorCode::internal, "link call: not a request"};
    std::unique_lock lock{mutex_};
    if (!pushed.ok()) {
        pending_.erase(id);
        return pushed.error();
    }
    if (!waiter->arrived.wait_until(lock, deadline, [&] { return waiter->answer.has_value(); })) {
        pending_[id].waiter = nullptr;
        return Error{ErrorCode::timed_out, "wait for the courier's answer"};
    }
    return std::move(*waiter->answer);
}

Result<std::uint64_t> ChannelState::open_stream(Frame request, std::shared_ptr<OpenStream> stream) {
    if (side_ != Side::vault) return Error{ErrorCode::internal, "open link stream"};
    const std::uint64_t id = NACRE_TRY(add_pending({request.body_case(), nullptr, stream}));
    request.set_request_id(id);
    const Result<void> pushed = role(request, side_) == Role::request
                                    ? push(request, OutboundQueue::Deadline::max())
                                    : Error{ErrorCode::internal, "open link stream"};
    if (pushed.ok()) return id;
    // The error is returned, so the callback must not bring it as well.
    end(*stream);
    const std::lock_guard lock{mutex_};
    pending_.erase(id);
    return pushed.error();
}

void ChannelState::end(OpenStream& stream) {
    stream.ended = true;
    if (on_reader()) return;
    const std::lock_guard wait_for_callback{stream.calling};
}

void ChannelState::cancel(std::uint64_t request_id, OpenStream& stream) {
    end(stream);
    {
        const std::lock_guard lock{mutex_};
        const auto found = pending_.find(request_id);
        if (found == pending_.end() || !found->second.stream) return;
        found->second.stream = nullptr;
    }
    Frame frame;
    frame.mutable_cancel()->set_target_id(request_id);
    // When this fails, the link is closing and the stream ends with it.
    (void)push(frame, OutboundQueue::Deadline::max());
}

Result<void> ChannelState::post(const Frame& frame) {
    if (closed_) return closed_error();
    if (role(frame, side_) != Role::one_way) return Error{ErrorCode::internal, "post on link"};
    return push(frame, OutboundQueue::Deadline::max());
}

Result<void> ChannelState::answer(std::uint64_t request_id, Frame::BodyCase request, Frame frame) {
    if (!answers(request, frame.body_case())) return Error{ErrorCode::internal, "answer on link"};
    frame.set_request_id(request_id);
    if (frame.ByteSizeLong() > kMaxFrameBytes) {
        return Error{ErrorCode::resource_exhausted, "answer on link: too large"};
    }
    {
        const std::lock_guard lock{mutex_};
        if (closed_) return closed_error();
        const auto found = open_requests_.find(request_id);
        if (found == open_requests_.end()) return Error{ErrorCode::internal, "answered before"};
        if (is_last(frame)) open_requests_.erase(found);
    }
    return push(frame, OutboundQueue::Deadline::max());
}

bool ChannelState::is_open(std::uint64_t request_id) {
    const std::lock_guard lock{mutex_};
    return !closed_ && open_requests_.contains(request_id);
}

void ChannelState::run_writer() {
    pthread_setname_np(pthread_self(), "link-write");
    const Result<void> written = queue_.write_to(socket_.get());
    queue_.close();
    // The reader reports the end.
    if (!written.ok()) shutdown(socket_.get(), SHUT_RDWR);
}

void ChannelState::run_reader() {
    pthread_setname_np(pthread_self(), "link-read");
    reader_id_ = std::this_thread::get_id();
    const Result<void> read = read_frames();
    finish(read.ok() ? closed_error() : read.error());
}

Result<void> ChannelState::read_frames() {
    std::vector<std::uint8_t> bytes(kReadBytes);
    for (;;) {
        // Before the first read too: the handshake may have read on, past Hello.
        while (std::optional<Frame> frame = NACRE_TRY(frames_.next())) {
            if (closed_) return closed_error();
            NACRE_TRY(take(std::move(*frame)));
        }
        const ssize_t count = recv(socket_.get(), bytes.data(), bytes.size(), 0);
        if (count < 0 && errno == EINTR) continue;
        if (count == 0) return closed_error();
        if (count < 0) return Error{ErrorCode::unavailable, "read link", errno};
        frames_.push({bytes.data(), static_cast<std::size_t>(count)});
    }
}

Result<void> ChannelState::take(Frame frame) {
    switch (role(frame, other(side_))) {
        case Role::answer: return take_answer(std::move(frame));
        case Role::request: return take_request(std::move(frame));
        case Role::one_way:
            if (handlers_.on_frame) handlers_.on_frame(std::move(frame));
            return {};
        case Role::hello:
        case Role::misplaced: break;
    }
    return Error{ErrorCode::bad_message, "misplaced frame"};
}

Result<void> ChannelState::take_answer(Frame frame) {
    std::shared_ptr<OpenStream> stream;
    const bool last = is_last(frame);
    {
        const std::lock_guard lock{mutex_};
        const auto found = pending_.find(frame.request_id());
        if (found == pending_.end() || !answers(found->second.request, frame.body_case())) {
            return Error{ErrorCode::bad_message, "answer to no request"};
        }
        if (const auto& waiter = found->second.waiter) {
            if (frame.has_failed()) waiter->answer.emplace(to_error(frame.failed(), "courier"));
            else waiter->answer.emplace(std::move(frame));
            waiter->arrived.notify_all();
        }
        stream = found->second.stream;
        if (last) pending_.erase(found);
    }
    if (!stream) return {};
    if (frame.has_failed()) deliver(*stream, to_error(frame.failed(), "courier"), true);
    else deliver(*stream, std::move(frame), last);
    return {};
}

Result<void> ChannelState::take_request(Frame frame) {
    const std::uint64_t id = frame.request_id();
    {
        const std::lock_guard lock{mutex_};
        if (open_requests_.size() >= kMaxOpenRequests) {
            return Error{ErrorCode::resource_exhausted, "too many link requests"};
        }
        if (!open_requests_.emplace(id, frame.body_case()).second) {
            return Error{ErrorCode::bad_message, "request id in use"};
        }
    }
    const Reply reply{weak_from_this(), id, frame.body_case()};
    if (handlers_.on_request) handlers_.on_request(std::move(frame), reply);
    else (void)reply.fail({ErrorCode::unsupported, "link request"});
    return {};
}

void ChannelState::deliver(OpenStream& stream, Result<Frame> frame, bool last) {
    const std::lock_guard lock{stream.calling};
    if (stream.ended) return;
    if (last) stream.ended = true;
    stream.callback(std::move(frame), last);
}

void ChannelState::finish(const Error& why) {
    std::map<std::uint64_t, Pending> pending;
    {
        const std::lock_guard lock{mutex_};
        closed_ = true;
        pending.swap(pending_);
        open_requests_.clear();
        for (auto& [id, item] : pending) {
            if (!item.waiter) continue;
            item.waiter->answer.emplace(closed_error());
            item.waiter->arrived.notify_all();
        }
    }
    queue_.close();
    shutdown(socket_.get(), SHUT_RDWR);
    for (auto& [id, item] : pending) {
        if (item.stream) deliver(*item.stream, closed_error(), true);
    }
    if (!closed_here_ && handlers_.on_close) handlers_.on_close(why);
}

}  // namespace nacre::link
