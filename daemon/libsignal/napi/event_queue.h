// EventQueue: what other threads want done on the owner's.
//
// Layer:   daemon/libsignal/napi.
// Threads: push() and close() from any; the rest on the owner's.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <mutex>
#include <thread>
#include <variant>
#include <vector>

namespace nacre::napi {

class ThreadsafeFunction;

// A call of a threadsafe function with the addon's data, or a closure of the host's.
struct ThreadsafeCall {
    ThreadsafeFunction* function;
    void* data;
};
using Event = std::variant<ThreadsafeCall, std::function<void()>>;

class EventQueue {
public:
    EventQueue();
    ~EventQueue();
    EventQueue(const EventQueue&) = delete;
    EventQueue& operator=(const EventQueue&) = delete;

    // False once closed; the event is then dropped.
    bool push(Event event);

    // Takes everything that is there into `batch`, whose storage is reused for what comes.
    void take(std::vector<Event>& batch);
    std::size_t size();

    // Between begin and end the owner looks by itself, so its own pushes need no wake-up.
    void begin_pumping();
    // `more`: something that was taken is still to be done.
    void end_pumping(bool more);

    // Blocks until something is there, or `timeout_ms` passed (negative: for ever).
    void wait(int timeout_ms) const;

    void close();
    int descriptor() const { return descriptor_; }

private:
    void notify_locked();

    const std::thread::id owner_ = std::this_thread::get_id();
    int descriptor_;
    int pumping_ = 0;  // depth; owner only
    std::mutex mutex_;
    std::vector<Event> events_;
    bool notified_ = false;
    bool closed_ = false;
};

}  // namespace nacre::napi
