#include "daemon/vaultd/worker.h"

#include <pthread.h>

#include "sandbox/stack.h"

namespace nacre::vaultd {

void Worker::start(Hooks hooks) {
    thread_ = std::thread{[this, hooks = std::move(hooks)] {
        pthread_setname_np(pthread_self(), name_);
        while (!queue_.closed()) {
            if (TaskQueue::Task task = queue_.take(hooks.period)) {
                task();
                task = {};
                sandbox::burn_stack();
            } else if (hooks.idle && !queue_.closed()) {
                hooks.idle();
            }
        }
        ended_.set_value();
        if (hooks.last) hooks.last();
    }};
}

bool Worker::finish(std::chrono::steady_clock::time_point until) {
    queue_.close();
    return ended_.get_future().wait_until(until) == std::future_status::ready;
}

void Worker::stop() {
    queue_.close();
    if (thread_.joinable()) thread_.join();
}

}  // namespace nacre::vaultd
