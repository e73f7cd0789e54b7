// Task queue: work for one thread, in two lanes. What a client waits for goes ahead of a draining
// backlog.
//
// Layer:   daemon/vaultd.
// Threads: post() and close() from any thread; take() from the one that works.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>

namespace nacre::vaultd {

class TaskQueue {
public:
    using Task = std::function<void()>;
    enum class Lane : std::uint8_t { now, later };

    // False when closed: the task will not run.
    bool post(Task task, Lane lane = Lane::now) {
        {
            const std::lock_guard lock{mutex_};
            if (closed_) return false;
            (lane == Lane::now ? now_ : later_).push_back(std::move(task));
        }
        ready_.notify_one();
        return true;
    }

    // The next task; empty when closed, or when `wait` has passed.
    Task take(std::chrono::milliseconds wait) {
        std::unique_lock lock{mutex_};
        ready_.wait_for(lock, wait, [this] { return closed_ || !now_.empty() || !later_.empty(); });
        std::deque<Task>& lane = now_.empty() ? later_ : now_;
        if (closed_ || lane.empty()) return {};
        Task task = std::move(lane.front());
        lane.pop_front();
        return task;
    }

    // What has not begun is dropped; its waiters see a broken promise.
    void close() {
        std::deque<Task> dropped_now;
        std::deque<Task> dropped_later;
        {
            const std::lock_guard lock{mutex_};
            closed_ = true;
            dropped_now.swap(now_);
            dropped_later.swap(later_);
        }
        ready_.notify_all();
    }

    bool closed() const {
        const std::lock_guard lock{mutex_};
        return closed_;
    }

private:
    mutable std::mutex mutex_;
    std::condition_variable ready_;
    std::deque<Task> now_;
    std::deque<Task> later_;
    bool closed_ = false;
};

}  // namespace nacre::vaultd
