#include "daemon/vaultd/worker.h"

#include <pthread.h>

namespace nacre::vaultd {
namespace {

constexpr std::chrono::hours kForever{1};

}  // namespace

void Worker::start(std::function<void()> first, std::function<void()> last) {
    thread_ = std::thread{[this, first = std::move(first), last = std::move(last)] {
        pthread_setname_np(pthread_self(), name_);
        if (first) first();
        while (!queue_.closed())
            if (TaskQueue::Task task = queue_.take(kForever)) task();
        if (last) last();
    }};
}

void Worker::stop() {
    queue_.close();
    if (thread_.joinable()) thread_.join();
}

}  // namespace nacre::vaultd
