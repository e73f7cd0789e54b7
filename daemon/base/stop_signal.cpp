#include "daemon/base/stop_signal.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace nacre::daemon {

Result<StopSignal> StopSignal::open() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    if (sigprocmask(SIG_BLOCK, &signals, nullptr) != 0) return os_error("block signals", errno);
    if (std::signal(SIGPIPE, SIG_IGN) == SIG_ERR) return os_error("ignore SIGPIPE", errno);
    Descriptor fd{signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK)};
    if (!fd) return os_error("signalfd", errno);
    return StopSignal{std::move(fd)};
}

// A signal to the process as a whole would be kill(), which no policy has.
void StopSignal::raise() { (void)tgkill(getpid(), getpid(), SIGTERM); }

bool StopSignal::stopped() const {
    pollfd item{fd_.get(), POLLIN, 0};
    return poll(&item, 1, 0) > 0;
}

}  // namespace nacre::daemon
