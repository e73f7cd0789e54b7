// Older kernels' Landlock: each version down to none, in a child; what is reported, and what holds.
#include <fcntl.h>
#include <linux/random.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <filesystem>
#include <fstream>

#include "sandbox/landlock.h"
#include "sandbox/limits.h"
#include "tests/support/child.h"
#include "tests/support/temp_dir.h"

#ifndef NACRE_SANITIZED

namespace nacre::sandbox {
namespace {

using tests::in_child;
using tests::TempDir;

// What is refused, as the child's exit status.
enum Refused : int {
    kRead = 1,
    kTruncate = 2,
    kTcp = 4,
    kIoctl = 8,
    kAbstract = 16,
    kSignal = 32,
    kWrong = 64,  // what is allowed is not, or another version is reported
};

int this_kernel() { return static_cast<int>(std::max(0L, syscall(444, nullptr, 0, 1))); }

// landlock.h's table; 1 is not used.
int expected(int version) {
    int refused = 0;
    if (version >= 2) refused |= kRead;
    if (version >= 3) refused |= kTruncate;
    if (version >= 4) refused |= kTcp;
    if (version >= 5) refused |= kIoctl;
    if (version >= 6) refused |= kAbstract | kSignal;
    return refused;
}

// Both listen, and are this test's.
class Servers {
public:
    Servers() {
        tcp_.sin_family = AF_INET;
        tcp_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof tcp_;
        REQUIRE(bind(listening_[0], as_any(tcp_), length) == 0);
        REQUIRE(getsockname(listening_[0], as_any(tcp_), &length) == 0);
        // The kernel chooses an abstract name.
        abstract_.sun_family = AF_UNIX;
        REQUIRE(bind(listening_[1], as_any(abstract_), sizeof(sa_family_t)) == 0);
        abstract_length_ = sizeof abstract_;
        REQUIRE(getsockname(listening_[1], as_any(abstract_), &abstract_length_) == 0);
        for (const int fd : listening_) REQUIRE(listen(fd, 1) == 0);
    }
    Servers(const Servers&) = delete;
    Servers& operator=(const Servers&) = delete;
    ~Servers() {
        for (const int fd : listening_) close(fd);
    }

    bool tcp_reached() { return reached(AF_INET, as_any(tcp_), sizeof tcp_); }
    bool abstract_reached() { return reached(AF_UNIX, as_any(abstract_), abstract_length_); }

private:
    template <class Address>
    static sockaddr* as_any(Address& address) { return reinterpret_cast<sockaddr*>(&address); }

    static bool reached(int family, const sockaddr* address, socklen_t length) {
        return connect(socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0), address, length) == 0;
    }

    int listening_[2] = {socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
                         socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_in tcp_{};
    sockaddr_un abstract_{};
    socklen_t abstract_length_ = 0;
};

// The vault's own folder, where files move between folders whatever the version.
bool state_works(const TempDir& dir) {
    const int made = open((dir / "state/new").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    return made >= 0 && ftruncate(made, 0) == 0 && mkdir((dir / "state/folder").c_str(), 0700) == 0 &&
           rename((dir / "state/new").c_str(), (dir / "state/folder/new").c_str()) == 0;
}

int refused_to(const TempDir& dir, Servers& servers) {
    int refused = 0;
    if (open((dir / "outside").c_str(), O_RDONLY | O_CLOEXEC) < 0) refused |= kRead;
    if (truncate((dir / "outside").c_str(), 0) != 0) refused |= kTruncate;
    if (!servers.tcp_reached()) refused |= kTcp;
    // May be read, and no more.
    int entropy = 0;
    const int device = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    if (ioctl(device, RNDGETENTCNT, &entropy) != 0) refused |= kIoctl;
    if (!servers.abstract_reached()) refused |= kAbstract;
    if (kill(getppid(), 0) != 0) refused |= kSignal;
    return refused;
}

TEST_CASE("landlock: every version says what it is and refuses what it can", "[sandbox][landlock]") {
    const int newest = GENERATE(range(0, kNewestLandlock + 1));
    const int known = std::min(newest, this_kernel());
    const int version = known < 2 ? 0 : known;
    CAPTURE(newest, version);
    const TempDir dir;
    std::ofstream{dir / "outside"} << "x";
    std::filesystem::create_directory(dir / "state");
    Servers servers;
    const int status = in_child([&]() -> int {
        if (!harden_process(Process::vaultd).ok()) return kWrong;
        const auto found = restrict_access(Process::vaultd, {{{"state", dir / "state"}}}, newest);
        if (!found.ok() || *found != version || !state_works(dir)) return kWrong;
        return refused_to(dir, servers);
    });
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == expected(version));
}

}  // namespace
}  // namespace nacre::sandbox

#endif
