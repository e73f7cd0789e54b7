// Limits: what every nacre process gives up before it does anything else.
//
// Layer:   sandbox. All daemons and clients that touch secrets call it first in main.
// Secrets: none.
// Errors:  os_error codes; a process that cannot harden itself must end.
// Threads: call before there are any.
#pragma once

#include "api/base/result.h"
#include "sandbox/policy.h"

namespace nacre::sandbox {

// Undumpable (no /proc/PID/mem and no debugger for the same user), no core dumps, no new
// privileges through exec, umask 077. Inherited by children except undumpable, which exec resets.
Result<void> harden_process();

// The same, and the policy's limits, no capabilities but the policy's (also for a root user), and no
// memory that becomes executable after it was writable (MDWE, from Linux 6.3 on). Inherited as well.
Result<void> harden_process(Process process);

// Whether this process refuses memory that was writable to become executable.
bool refuses_written_code();

}  // namespace nacre::sandbox
