// Filter and Landlock, each in a child: what is left, and what is not.
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <thread>

#include "sandbox/filter.h"
#include "sandbox/landlock.h"
#include "sandbox/limits.h"
#include "tests/support/child.h"
#include "tests/support/temp_dir.h"

#ifndef NACRE_SANITIZED

namespace nacre::sandbox {
namespace {

using tests::holds_in_child;
using tests::in_child;
using tests::TempDir;

bool dies_by(int status, int signal) { return WIFSIGNALED(status) && WTERMSIG(status) == signal; }

bool filtered(Process process, Circumstances circumstances = 0) {
    return harden_process(process).ok() && filter_calls(process, circumstances).ok();
}

TEST_CASE("filter: what is allowed goes on, and other threads are filtered, too", "[sandbox][filter]") {
    CHECK(holds_in_child([] {
        if (!filtered(Process::vaultd)) return 1;
        std::thread other{[] { (void)getpid(); }};
        other.join();
        return open("/dev/null", O_RDONLY | O_CLOEXEC) >= 0 ? 0 : 2;
    }));
    const int status = in_child([] {
        int ends[2];
        if (pipe(ends) != 0) return 1;
        std::thread other{[&] {
            char byte = 0;
            if (read(ends[0], &byte, 1) == 1) (void)socket(AF_UNIX, SOCK_STREAM, 0);
        }};
        if (!filtered(Process::vaultd)) return 2;
        if (write(ends[1], "x", 1) != 1) return 3;
        other.join();
        return 4;
    });
    CHECK(dies_by(status, SIGSYS));
}

TEST_CASE("filter: a forbidden call, or an argument, ends the process", "[sandbox][filter]") {
    CHECK(dies_by(in_child([] { return filtered(Process::vaultd) ? socket(AF_UNIX, SOCK_STREAM, 0) : 0; }), SIGSYS));
    CHECK(dies_by(in_child([] { return filtered(Process::vaultd) ? fork() : 0; }), SIGSYS));
    CHECK(dies_by(in_child([] { return filtered(Process::overwrite) ? kill(getppid(), SIGCONT) : 0; }), SIGSYS));
    CHECK(dies_by(in_child([] {
        if (!filtered(Process::command)) return 0;
        (void)mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        return 0;
    }), SIGSYS));
}

TEST_CASE("filter: abort and raise reach the process itself", "[sandbox][filter]") {
    CHECK(dies_by(in_child([]() -> int {
        std::signal(SIGABRT, SIG_DFL);  // Catch has its own
        return filtered(Process::vaultd) ? (abort(), 0) : 0;
    }), SIGABRT));
    CHECK(dies_by(in_child([] { return filtered(Process::vaultd) ? raise(SIGKILL) : 0; }), SIGKILL));
}

TEST_CASE("filter: the courier's sockets depend on whether names are resolved", "[sandbox][filter]") {
    constexpr auto kNames = static_cast<Circumstances>(When::names);
    CHECK(holds_in_child([&] {
        if (!filtered(Process::courier, kNames)) return 1;
        if (socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0) < 0) return 2;
        if (socket(AF_UNIX, SOCK_STREAM, 0) >= 0 || errno != EACCES) return 3;
        return socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0) >= 0 || errno == EAFNOSUPPORT ? 0 : 4;
    }));
    CHECK(holds_in_child([] {
        if (!filtered(Process::courier)) return 1;
        if (socket(AF_INET, SOCK_DGRAM, 0) >= 0 || errno != EACCES) return 2;
        if (socket(AF_NETLINK, SOCK_RAW, 0) >= 0 || errno != EACCES) return 3;
        return socket(AF_INET, SOCK_STREAM, 0) >= 0 ? 0 : 4;
    }));
    CHECK(dies_by(in_child([] { return filtered(Process::courier) ? socket(AF_INET, SOCK_RAW, 0) : 0; }), SIGSYS));
}

TEST_CASE("filter: system calls newer than libseccomp do not exist", "[sandbox][filter]") {
    CHECK(holds_in_child([] {
        if (!filtered(Process::vaultd)) return 1;
        return syscall(462) == -1 && errno == ENOSYS ? 0 : 2;  // mseal
    }));
}

TEST_CASE("landlock: the places that were given are left", "[sandbox][landlock]") {
    const TempDir dir;
    std::ofstream{dir / "outside"} << "x";
    std::filesystem::create_directory(dir / "state");
    CHECK(holds_in_child([&] {
        if (!harden_process(Process::vaultd).ok()) return 1;
        const auto abi = restrict_access(Process::vaultd, {{{"state", dir / "state"}}});
        if (!abi.ok()) return 2;
        if (open((dir / "state/new").c_str(), O_WRONLY | O_CREAT, 0600) < 0) return 3;
        if (mkdir((dir / "state/folder").c_str(), 0700) != 0) return 4;
        if (rename((dir / "state/new").c_str(), (dir / "state/folder/new").c_str()) != 0) return 5;
        if (*abi == 0) return 0;  // nothing is promised here
        if (open((dir / "outside").c_str(), O_RDONLY) >= 0 || errno != EACCES) return 6;
        return open((dir / "other").c_str(), O_WRONLY | O_CREAT, 0600) >= 0 ? 7 : 0;
    }));
}

TEST_CASE("landlock: TCP goes to the ports that were given", "[sandbox][landlock]") {
    const int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    REQUIRE(bind(listening, generic, sizeof address) == 0);
    REQUIRE(listen(listening, 4) == 0);
    REQUIRE(getsockname(listening, generic, &length) == 0);
    const auto connects = [&](std::vector<std::uint16_t> ports, bool expected) {
        return holds_in_child([&] {
            if (!harden_process(Process::courier).ok()) return 1;
            const auto abi = restrict_access(Process::courier, {{}, std::move(ports)});
            if (!abi.ok()) return 2;
            const int fd = socket(AF_INET, SOCK_STREAM, 0);
            const bool done = connect(fd, generic, sizeof address) == 0;
            return *abi < 4 || done == expected ? 0 : 3;
        });
    };
    CHECK(connects({ntohs(address.sin_port)}, true));
    CHECK(connects({1}, false));
    close(listening);
}

TEST_CASE("limits: written memory does not become code, and capabilities are gone", "[sandbox][limits]") {
    CHECK(holds_in_child([] {
        if (!harden_process(Process::sentry).ok()) return 1;
        if (!refuses_written_code()) return 0;  // before Linux 6.3
        void* const page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        return mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0 ? 2 : 0;
    }));
    CHECK(holds_in_child([] {
        if (!harden_process(Process::sentry).ok()) return 1;
        std::ifstream status{"/proc/self/status"};
        for (std::string line; std::getline(status, line);) {
            if (line.starts_with("CapEff:")) return line.ends_with("0000000000000000") ? 0 : 2;
        }
        return 3;
    }));
}

}  // namespace
}  // namespace nacre::sandbox

#endif
