// serve: what every handler is one call to. Admission, then the body, then status and log line.
//
// Layer:   daemon/vaultd.
// Errors:  a body returns them; nothing throws. An exception from a library, such as bad_alloc,
//          ends the process, which comes back locked: better than going on half-changed.
// Threads: serve() runs on a gRPC thread, serve_stream() gives each stream one of its own, so that
//          bodies may block.
#pragma once

#include <grpcpp/grpcpp.h>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <system_error>
#include <thread>
#include <utility>

#include "api/status_map.h"
#include "daemon/vaultd/gate.h"
#include "sandbox/stack.h"

namespace nacre::vaultd {

// Body: Result<void>(const Caller&), filling in the reply.
template <class Body>
grpc::Status serve(Gate& gate, Literal rpc, const grpc::ServerContext& context,
                   Body&& body) noexcept {
    const Result<Caller> caller = gate.admit(rpc, context.client_metadata());
    if (!caller.ok()) return close_call(rpc, caller.error());
    const grpc::Status status = close_call(rpc, std::forward<Body>(body)(*caller));
    sandbox::burn_stack();
    return status;
}

// A stream of replies whose handler may block: gRPC's callbacks on one side, the handler's own
// thread on the other.
template <class Reply>
class ReplyStream final : public grpc::ServerWriteReactor<Reply> {
public:
    using Body = std::function<Result<void>(const Caller&, ReplyStream&)>;

    ReplyStream(Gate& gate, Literal rpc, const grpc::CallbackServerContext& context, Body body)
        : gate_{gate}, rpc_{rpc}, context_{context}, body_{std::move(body)} {}

    // Starts the handler's thread; the object deletes itself when the call is over.
    void start() noexcept {
        if (!gate_.begin_stream()) return refuse();
        counted_ = true;
        closing_.emplace(gate_.closing(), Stopping{stop_});
        try {
            thread_ = std::thread{[this]() noexcept {
                run();  // may have deleted this
                sandbox::burn_stack();
            }};
        } catch (const std::system_error&) {
            refuse();
        }
    }

    // Blocks until the reply is on its way, so a slow client holds its own handler back only.
    // canceled when the client is gone.
    Result<void> send(const Reply& reply) {
        std::unique_lock lock{mutex_};
        if (gone_) return Error{ErrorCode::canceled, "send"};
        writing_ = true;
        lock.unlock();
        this->StartWrite(&reply);
        lock.lock();
        written_.wait(lock, [this] { return !writing_; });
        if (gone_) return Error{ErrorCode::canceled, "send"};
        return {};
    }

    // Lets the client know that the call was admitted, before there is a reply.
    Result<void> send_headers() {
        const std::lock_guard lock{mutex_};
        if (gone_) return Error{ErrorCode::canceled, "send"};
        this->StartSendInitialMetadata();
        return {};
    }

    // Stops when the client cancels or the server shuts down.
    std::stop_token stop_token() const { return stop_.get_token(); }

    void OnWriteDone(bool ok) override {
        const std::lock_guard lock{mutex_};
        writing_ = false;
        gone_ = gone_ || !ok;
        written_.notify_all();
    }

    void OnCancel() override {
        {
            const std::lock_guard lock{mutex_};
            gone_ = true;
        }
        stop_.request_stop();
    }

    void OnDone() override {
        if (counted_) gate_.end_stream();
        if (thread_.joinable()) {
            // The thread's last act is Finish, which may call back before it returns.
            if (thread_.get_id() == std::this_thread::get_id()) {
                thread_.detach();
            } else {
                thread_.join();
            }
        }
        delete this;
    }

private:
    struct Stopping {
        std::stop_source& source;
        void operator()() const { source.request_stop(); }
    };

    void refuse() { this->Finish(close_call(rpc_, Error{ErrorCode::resource_exhausted, "stream"})); }

    void run() {
        const Result<Caller> caller = gate_.admit(rpc_, context_.client_metadata());
        Result<void> outcome;
        if (!caller.ok()) {
            outcome = caller.error();
        } else {
            outcome = body_(*caller, *this);
        }
        // Not the client canceled: this process ends, and its successor is locked.
        const bool canceled = !outcome.ok() && outcome.error().code == ErrorCode::canceled;
        if (canceled && gate_.closing().stop_requested()) {
            outcome = Error{ErrorCode::vault_locked, "closing"};
        }
        this->Finish(close_call(rpc_, outcome));
    }

    Gate& gate_;
    const Literal rpc_;
    const grpc::CallbackServerContext& context_;
    const Body body_;
    std::stop_source stop_;
    std::optional<std::stop_callback<Stopping>> closing_;
    std::mutex mutex_;
    std::condition_variable written_;
    bool writing_ = false;
    bool gone_ = false;
    bool counted_ = false;
    std::thread thread_;
};

template <class Reply>
grpc::ServerWriteReactor<Reply>* serve_stream(Gate& gate, Literal rpc,
                                              const grpc::CallbackServerContext& context,
                                              typename ReplyStream<Reply>::Body body) noexcept {
    auto* stream = new ReplyStream<Reply>{gate, rpc, context, std::move(body)};
    stream->start();
    return stream;
}

}  // namespace nacre::vaultd
