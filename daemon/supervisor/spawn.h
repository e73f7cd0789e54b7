// Spawn: starts a program with descriptors in systemd's convention.
//
// Layer:   daemon/supervisor.
// Secrets: descriptors pass through unread.
// Errors:  as os_error says. A program that cannot be executed ends with status 127.
// Threads: call from a process with one thread: it forks.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "daemon/base/descriptor.h"
#include "sandbox/private_mounts.h"

namespace nacre::supervisor {

struct Program {
    std::string path;
    std::vector<std::string> arguments;  // without the program's own name
    std::vector<std::string> variables{};  // "NAME=value", beyond what it gets anyway
    const sandbox::PrivateMounts* mounts = nullptr;  // where it goes first, if anywhere
};

struct Inherited {
    const char* name;
    int descriptor;
};

struct Process {
    pid_t pid = -1;
    daemon::Descriptor pidfd;  // readable when it has ended
};

// The child gets the descriptors from 3 on, stdin from /dev/null, no blocked signals, SIGTERM when
// this process dies, and the environment without what could change its libraries' behaviour
// (proxies, TLS key logs, tracing) and without systemd's variables, where credentials are among them.
Result<Process> spawn(const Program& program, const std::vector<Inherited>& descriptors);

// Whether a child gets this environment variable, "NAME=value".
bool passes_on(std::string_view variable);

}  // namespace nacre::supervisor
