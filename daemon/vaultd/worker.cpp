#include "daemon/vaultd/worker.h"

#include <pthread.h>

namespace nacre::vaultd {

void Worker::start(Hooks hooks) {
    thread_ = std::thread{[this, hooks = std::move(hooks)] {
        pthread_setname_np(pthread_self(), name_);
        while (!queue_.closed()) {
            if (TaskQueue::Task task = queue_.take(hooks.period))
                task();
            else if (hooks.idle && !queue_.closed())
                hooks.idle();
        }
        if (hooks.last) hooks.last();
    }};
}

void Worker::stop() {
    queue_.close();
    if (thread_.joinable()) thread_.join();
}

}  // namespace nacre::vaultd
