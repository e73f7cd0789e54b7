// in_child: runs a body in a forked process, for what changes a process for good (environment,
// descriptor numbers, signals, death).
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <utility>

namespace nacre::tests {

// The child's wait status; the body's return value is its exit status. Fork from a test that has
// started no threads.
template <class Body>
int in_child(Body&& body) {
    const pid_t child = fork();
    if (child == 0) _exit(std::forward<Body>(body)());
    int status = 0;
    waitpid(child, &status, 0);
    return status;
}

// True when the body returned 0.
template <class Body>
bool holds_in_child(Body&& body) {
    const int status = in_child(std::forward<Body>(body));
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace nacre::tests
