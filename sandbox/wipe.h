// Wipe: zeroes everything that this process alone holds in memory, and ends it.
//
// Layer:   sandbox. nacre-vaultd and the command line, at every orderly end.
// Secrets: whatever is left anywhere: heap, stacks, written data of programs and libraries, pages
//          without access rights, secret and other memory files.
// Errors:  preparing: os_error codes; wipe_and_exit() cannot fail, only be cut short by SIGKILL.
// Threads: prepare once, early in main, before there are any; wipe_and_exit() from any thread.
//
// Why not free and exit: the kernel gives pages back as they are, to be read in a dump of the machine
// or by whoever gets them from a kernel that does not clear. Why not in order: a library's call can
// take seconds; a lock may not. So a thread that does nothing else until then sends a signal of its
// own to every other thread, whose handler never returns; then it zeroes, by system calls made
// directly, every page that is this process's own, whatever its protection, except its own stack,
// which never held a secret; and ends the process. A thread that is within a system call does not
// come back from it.
//
// Not reached: the kernel's copies (socket buffers, page cache of encrypted files), swap already
// written (see memory_lock.h), shared mappings of files.
#pragma once

#include <chrono>

#include "api/base/result.h"

namespace nacre::sandbox {

// Before harden_process(): an undumpable process of an ordinary user may not open its page map.
Result<void> open_for_wipe();
// After restrict_access(), which its thread would not be bound by.
Result<void> start_wiper();
// Both.
Result<void> prepare_wipe();

// From now on the process has so long to come to wipe_and_exit(); then it is wiped and ended wherever
// it is, with status 0. The first call counts. Blocks on nothing, so it comes before whatever might.
void wipe_within(std::chrono::milliseconds most);

// For what has to be done first: the time ends so long from now, if it would end sooner. Once; what
// asks later changes nothing.
void extend_wipe(std::chrono::milliseconds most);

// Ends the process. Without start_wiper(), and under sanitizers, without the wiping.
[[noreturn]] void wipe_and_exit(int status);

}  // namespace nacre::sandbox
