// Worker: one thread with a task queue.
//
// Layer:   daemon/vaultd.
// Errors:  run() gives canceled when the worker ends before the work did.
// Threads: post() and run() from any thread, run() not from the worker's own; stop() once.
#pragma once

#include <functional>
#include <future>
#include <memory>
#include <thread>

#include "api/base/result.h"
#include "daemon/vaultd/task_queue.h"

namespace nacre::vaultd {

class Worker {
public:
    explicit Worker(const char* name) : name_{name} {}
    ~Worker() { stop(); }
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    struct Hooks {
        std::function<void()> idle;  // after each `period` without work
        std::chrono::milliseconds period = std::chrono::hours{1};
        std::function<void()> last;  // after all tasks, still on the thread
    };
    void start(Hooks hooks);
    void start() { start(Hooks{}); }

    bool post(TaskQueue::Task task, TaskQueue::Lane lane = TaskQueue::Lane::now) {
        return queue_.post(std::move(task), lane);
    }

    // Runs `work` there and waits for what it returns, a Result.
    template <class Work>
    auto run(Work work) -> decltype(work()) {
        using Outcome = decltype(work());
        const auto promise = std::make_shared<std::promise<Outcome>>();
        std::future<Outcome> future = promise->get_future();
        const bool posted = queue_.post([promise, &work] { promise->set_value(work()); });
        try {
            if (posted) return future.get();
        } catch (const std::future_error&) {
            // The task was dropped with its promise.
        }
        return Error{ErrorCode::canceled, "the worker has ended"};
    }

    // Drops what has not begun, waits for what has.
    void stop();
    // The same, but waits no longer than until then; whether it has ended. stop() may follow.
    bool finish(std::chrono::steady_clock::time_point until);
    bool stopping() const { return queue_.closed(); }

private:
    const char* name_;
    TaskQueue queue_;
    std::promise<void> ended_;
    std::thread thread_;
};

}  // namespace nacre::vaultd
