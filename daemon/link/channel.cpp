#include "daemon/link/channel.h"

#include "daemon/link/channel_state.h"
#include "daemon/link/failed.h"
#include "daemon/link/handshake.h"

namespace nacre::link {

Result<void> Reply::send(Frame answer) const {
    const auto state = state_.lock();
    if (!state) return Error{ErrorCode::unavailable, "answer on link: closed"};
    return state->answer(request_id_, request_, std::move(answer));
}

Result<void> Reply::done() const {
    Frame frame;
    frame.mutable_done();
    return send(std::move(frame));
}

Result<void> Reply::fail(const Error& error) const {
    Frame frame;
    *frame.mutable_failed() = to_failed(error);
    return send(std::move(frame));
}

bool Reply::open() const {
    const auto state = state_.lock();
    return state && state->is_open(request_id_);
}

Stream::Stream(Stream&& other) noexcept = default;

Stream& Stream::operator=(Stream&& other) noexcept {
    if (this != &other) {
        cancel();
        state_ = std::move(other.state_);
        stream_ = std::move(other.stream_);
        request_id_ = other.request_id_;
    }
    return *this;
}

void Stream::cancel() {
    const auto state = state_.lock();
    if (state && stream_) state->cancel(request_id_, *stream_);
}

Result<void> Stream::credit(std::uint64_t bytes) {
    const auto state = state_.lock();
    if (!state || !stream_ || stream_->ended)
        return Error{ErrorCode::unavailable, "stream has ended"};
    Frame frame;
    frame.set_request_id(request_id_);
    frame.mutable_credit()->set_count(bytes);
    return state->post(frame);
}

Result<std::unique_ptr<Channel>> Channel::open(daemon::Descriptor socket, Side side,
                                               const courier::v1::Environment& environment,
                                               Handlers handlers) {
    FrameReader reader;
    courier::v1::Hello hello =
        NACRE_TRY(shake_hands(socket.get(), side, environment, reader, kHandshakeTimeout));
    auto state = std::make_shared<ChannelState>(std::move(socket), side, std::move(hello),
                                                std::move(reader), std::move(handlers));
    NACRE_TRY(state->start());
    return std::unique_ptr<Channel>{new Channel{std::move(state)}};
}

Channel::~Channel() { close(); }

Result<Frame> Channel::call(Frame request, std::chrono::milliseconds timeout) {
    return state_->call(std::move(request), timeout);
}

Result<Stream> Channel::open_stream(Frame request, Stream::Callback callback) {
    Stream stream;
    stream.state_ = state_;
    stream.stream_ = std::make_shared<OpenStream>();
    stream.stream_->callback = std::move(callback);
    stream.request_id_ = NACRE_TRY(state_->open_stream(std::move(request), stream.stream_));
    return stream;
}

Result<void> Channel::post(const Frame& frame) { return state_->post(frame); }

const courier::v1::Environment& Channel::peer_environment() const {
    return state_->hello().environment();
}

bool Channel::is_open() const { return state_->is_open(); }

void Channel::close() { state_->close(); }

}  // namespace nacre::link
