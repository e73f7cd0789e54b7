// lonely(): runs a test's body in a child process, in a network of its own that has a loopback
// interface and nothing else, so that even a broken gate lets nothing out.
#pragma once

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>

namespace nacre::tests {

inline bool raise_loopback() {
    const int descriptor = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ifreq request{};
    request.ifr_name[0] = 'l';
    request.ifr_name[1] = 'o';
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    const bool done = ::ioctl(descriptor, SIOCSIFFLAGS, &request) == 0;
    ::close(descriptor);
    return done;
}

// The value of a counter of this network in /proc/net/snmp, as "Tcp", "ActiveOpens"; -1 if unknown.
inline long network_counter(const std::string& group, const std::string& name) {
    std::ifstream file{"/proc/thread-self/net/snmp"};
    std::string names_line;
    std::string values_line;
    while (std::getline(file, names_line) && std::getline(file, values_line)) {
        std::istringstream names{names_line};
        std::istringstream values{values_line};
        std::string key;
        std::string value;
        names >> key;
        values >> value;
        if (key != group + ":") continue;
        while (names >> key && values >> value) {
            if (key == name) return std::stol(value);
        }
    }
    return -1;
}

// Passes if `body` returns true. The child is a fork: call it before any thread is started.
inline bool lonely(const std::function<bool()>& body) {
    const pid_t child = ::fork();
    if (child == 0) {
        const bool apart = ::unshare(CLONE_NEWNET) == 0 ||
                           ::unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0;
        if (!apart || !raise_loopback()) std::fputs("no network namespace here\n", stderr);
        const bool passed = apart && body();
        std::fflush(nullptr);
        ::_exit(passed ? 0 : 1);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

// Inside such a child, where Catch2 cannot count: says what failed.
#define NACRE_EXPECT(condition)                                                        \
    do {                                                                               \
        if (!(condition)) {                                                            \
            std::fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
            return false;                                                              \
        }                                                                              \
    } while (false)

}  // namespace nacre::tests
