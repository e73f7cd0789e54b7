#include "daemon/base/lock_signal.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace nacre::daemon {

Result<LockSignal> LockSignal::open() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGUSR1);
    if (sigprocmask(SIG_BLOCK, &signals, nullptr) != 0) return os_error("block SIGUSR1", errno);
    Descriptor fd{signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK)};
    if (!fd) return os_error("signalfd", errno);
    return LockSignal{std::move(fd)};
}

bool LockSignal::take() const {
    signalfd_siginfo info;
    return read(fd_.get(), &info, sizeof info) == sizeof info;
}

}  // namespace nacre::daemon
