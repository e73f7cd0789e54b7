// ExitStop: holds a process at its very end, when it has run its last instruction and its memory is
// still there to be looked at.
//
// Layer:   tests/memory; includes nothing of nacre's. Traces by ptrace, as root.
// Errors:  false: no such process, or tracing is not allowed.
// Threads: all calls from one thread (ptrace's rule).
#pragma once

#include <sys/types.h>

#include <functional>

namespace nacre::memory {

// All threads of the process, and those it will start.
bool trace(pid_t pid);

// Waits until a traced process ends as a whole (exit_group or a deadly signal), calls `look` while
// it stands still, and lets it end. The exit status as waitpid gives it.
bool wait_for_end(pid_t pid, const std::function<void()>& look, int& status);

}  // namespace nacre::memory
