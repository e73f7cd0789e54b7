#include "daemon/libsignal/napi/event_queue.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>

namespace nacre::napi {

// Without a descriptor there is no way to wake anybody: that ends the process.
EventQueue::EventQueue() : descriptor_{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)} {
    if (descriptor_ < 0) std::abort();
}

EventQueue::~EventQueue() { ::close(descriptor_); }

bool EventQueue::push(Event event) {
    // The owner between begin and end sees the event anyway: two system calls saved.
    const bool seen_anyway = std::this_thread::get_id() == owner_ && pumping_ > 0;
    const std::lock_guard lock{mutex_};
    if (closed_) return false;
    events_.push_back(std::move(event));
    if (!seen_anyway) notify_locked();
    return true;
}

void EventQueue::take(std::vector<Event>& batch) {
    batch.clear();
    const std::lock_guard lock{mutex_};
    if (notified_) {
        std::uint64_t count = 0;
        [[maybe_unused]] const auto drained = ::read(descriptor_, &count, sizeof count);
        notified_ = false;
    }
    batch.swap(events_);
}

void EventQueue::begin_pumping() { ++pumping_; }

std::size_t EventQueue::size() {
    const std::lock_guard lock{mutex_};
    return events_.size();
}

void EventQueue::end_pumping(bool more) {
    if (--pumping_ > 0) return;
    const std::lock_guard lock{mutex_};
    if (more || !events_.empty()) notify_locked();
}

void EventQueue::wait(int timeout_ms) const {
    pollfd waiting{descriptor_, POLLIN, 0};
    // An early return (a signal) is fine: the caller looks and waits again.
    ::poll(&waiting, 1, timeout_ms);
}

void EventQueue::close() {
    const std::lock_guard lock{mutex_};
    closed_ = true;
}

void EventQueue::notify_locked() {
    if (notified_) return;
    notified_ = true;
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(descriptor_, &one, sizeof one);
}

}  // namespace nacre::napi
