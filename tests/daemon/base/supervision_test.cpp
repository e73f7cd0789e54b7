#include "daemon/base/supervision.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <string>

#include "daemon/base/control.h"
#include "tests/support/child.h"
#include "tests/support/matchers.h"
#include "tests/support/temp_dir.h"

using namespace nacre;
using namespace nacre::daemon;
using nacre::tests::holds_in_child;
using nacre::tests::TempDir;

namespace {

// Descriptor 3 becomes nacred's control socket; returns the other end.
Descriptor become_child_of_nacred() {
    auto [ours, theirs] = seqpacket_pair().value();
    Descriptor other = theirs.get() == 3 ? theirs.duplicate().value() : std::move(theirs);
    dup2(ours.get(), 3);
    if (ours.get() == 3) ours.release();
    setenv("LISTEN_PID", std::to_string(getpid()).c_str(), 1);
    setenv("LISTEN_FDS", "1", 1);
    setenv("LISTEN_FDNAMES", "control", 1);
    return other;
}

std::string receive_datagram(int socket) {
    char bytes[256];
    const ssize_t count = recv(socket, bytes, sizeof bytes, MSG_DONTWAIT);
    return {bytes, count < 0 ? 0 : static_cast<std::size_t>(count)};
}

}  // namespace

TEST_CASE("supervision: speaks to nacred over control", "[base][supervision]") {
    CHECK(holds_in_child([] {
        const Descriptor nacred = become_child_of_nacred();
        ListenFds fds = ListenFds::inherit();
        Supervision supervision = Supervision::inherit(fds).value();
        const Descriptor login{open("/dev/null", O_RDONLY)};
        const bool sent = supervision.ready().ok() && supervision.keep_login(login.get()).ok() &&
                          supervision.forget_login().ok() && supervision.locking().ok();
        for (const ControlKind kind : {ControlKind::ready, ControlKind::keep_login,
                                       ControlKind::forget_login, ControlKind::locking}) {
            const auto message = receive_control(nacred.get()).value();
            if (!message || message->kind != kind) return 1;
        }
        return sent ? 0 : 2;
    }));
}

TEST_CASE("supervision: speaks to systemd over NOTIFY_SOCKET", "[base][supervision]") {
    const TempDir dir;
    CHECK(holds_in_child([&] {
        const std::string path = (dir / "notify").string();
        const Descriptor systemd{socket(AF_UNIX, SOCK_DGRAM, 0)};
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.copy(address.sun_path, sizeof address.sun_path - 1);
        if (bind(systemd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
            return 1;
        setenv("NOTIFY_SOCKET", path.c_str(), 1);
        ListenFds fds = ListenFds::inherit();
        Supervision supervision = Supervision::inherit(fds).value();
        if (getenv("NOTIFY_SOCKET") != nullptr) return 2;
        if (!supervision.ready().ok()) return 3;
        if (receive_datagram(systemd.get()) != "READY=1") return 4;
        if (!supervision.keep_login(systemd.get()).ok()) return 5;
        if (receive_datagram(systemd.get()) != "FDSTOREREMOVE=1\nFDNAME=login") return 6;
        return receive_datagram(systemd.get()) == "FDSTORE=1\nFDNAME=login" ? 0 : 7;
    }));
}

TEST_CASE("supervision: without a supervisor everything is said to nobody", "[base][supervision]") {
    CHECK(holds_in_child([] {
        unsetenv("NOTIFY_SOCKET");
        ListenFds fds = ListenFds::inherit();
        Supervision supervision = Supervision::inherit(fds).value();
        return supervision.ready().ok() && supervision.locking().ok() && supervision.control() == -1
                   ? 0
                   : 1;
    }));
}

TEST_CASE("supervision: a watchdog is this process's or none, and is told twice an interval",
          "[base][supervision]") {
    const TempDir dir;
    const auto interval_with = [&](const char* usec, const std::string& pid) {
        setenv("NOTIFY_SOCKET", (dir / "notify").c_str(), 1);
        setenv("WATCHDOG_USEC", usec, 1);
        setenv("WATCHDOG_PID", pid.c_str(), 1);
        ListenFds fds = ListenFds::inherit();
        return Supervision::inherit(fds).value().watchdog();
    };
    CHECK(holds_in_child([&] {
        using std::chrono::milliseconds;
        const std::string own = std::to_string(getpid());
        if (interval_with("3000000", own) != milliseconds{1500}) return 1;
        if (getenv("WATCHDOG_USEC") != nullptr || getenv("WATCHDOG_PID") != nullptr) return 2;
        if (interval_with("3000000", "1")) return 3;
        return interval_with("3000000 or so", own) || interval_with("0", own) ? 4 : 0;
    }));
}

TEST_CASE("supervision: says that it lives only to who has asked", "[base][supervision]") {
    const TempDir dir;
    CHECK(holds_in_child([&] {
        const std::string path = (dir / "notify").string();
        const Descriptor systemd{socket(AF_UNIX, SOCK_DGRAM, 0)};
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.copy(address.sun_path, sizeof address.sun_path - 1);
        if (bind(systemd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
            return 1;
        for (const bool asked : {false, true}) {
            setenv("NOTIFY_SOCKET", path.c_str(), 1);
            if (asked) setenv("WATCHDOG_USEC", "3000000", 1);
            ListenFds fds = ListenFds::inherit();
            Supervision supervision = Supervision::inherit(fds).value();
            if (!supervision.alive().ok()) return 2;
            if (receive_datagram(systemd.get()) != (asked ? "WATCHDOG=1" : "")) return 3;
        }
        return 0;
    }));
}
