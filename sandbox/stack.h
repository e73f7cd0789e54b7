// Stack: what a function's calls left behind on it.
//
// Layer:   sandbox.
// Secrets: overwrites them.
// Threads: the caller's own.
#pragma once

namespace nacre::sandbox {

// Zeroes the 96 KiB below the caller's frame. For the end of work that handled secrets, on a thread
// that lives on or ends: a thread's stack goes back to the kernel as it is. About 3 microseconds.
void burn_stack() noexcept;

}  // namespace nacre::sandbox
