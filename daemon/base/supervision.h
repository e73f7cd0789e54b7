// Supervision: what a child says to whoever started it: nacred over its control socket, or systemd
// over NOTIFY_SOCKET, or nobody.
// nacred itself uses it towards systemd.
//
// Layer:   daemon/base.
// Secrets: the login memfd goes out as a descriptor, unread.
// Errors:  unavailable when the supervisor is gone: time to end.
// Threads: the functions may be called from any thread; inherit() once, before threads.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <chrono>
#include <optional>
#include <string_view>

#include "daemon/base/descriptor.h"
#include "daemon/base/listen_fds.h"

namespace nacre::daemon {

class Supervision {
public:
    // Takes `control`. Without one, opens NOTIFY_SOCKET if that is set (the only socket that a
    // child makes), and unsets it.
    static Result<Supervision> inherit(ListenFds& listen_fds);

    // Once, when serving.
    Result<void> ready();
    // courier: keep this sealed memfd across restarts, in place of the one before.
    Result<void> keep_login(int memfd);
    Result<void> forget_login();
    // courier: the link is lost. nacred makes a new one if vaultd lives; systemd need not know.
    Result<void> want_link();
    // vaultd: from now on there are secrets in its memory. nacred alone is told.
    Result<void> unlocked();
    // vaultd: this process ends now, on purpose.
    Result<void> locking();
    // A sentence for `systemctl status`; nacred takes none.
    Result<void> status(Literal sentence);

    // How often alive() is expected: half of systemd's watchdog. None with nacred, which sees no more
    // than a process's end.
    std::optional<std::chrono::milliseconds> watchdog() const { return watchdog_; }
    // To be called by the loop that the process is there for, and by nothing else.
    Result<void> alive() { return watchdog_ ? notify("WATCHDOG=1") : Result<void>{}; }

    // nacred's control socket, for ControlLinkSource; -1 without nacred.
    int control() const { return control_.get(); }

private:
    Result<void> notify(std::string_view state, int descriptor = -1);

    Descriptor control_;
    // Not connected: each datagram names systemd's socket, so that vaultd never calls connect().
    Descriptor notify_;
    sockaddr_un address_{};
    socklen_t address_length_ = 0;
    std::optional<std::chrono::milliseconds> watchdog_;
};

}  // namespace nacre::daemon
