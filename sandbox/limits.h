// Limits: what every nacre process gives up before it does anything else.
//
// Layer:   sandbox. All daemons and clients that touch secrets call it first in main.
// Secrets: none.
// Errors:  os_error codes; a process that cannot harden itself must end.
// Threads: call before there are any.
#pragma once

#include "api/base/result.h"

namespace nacre::sandbox {

// Undumpable (no /proc/PID/mem and no debugger for the same user), no core dumps, no new
// privileges through exec, umask 077. Inherited by children except undumpable, which exec resets.
Result<void> harden_process();

}  // namespace nacre::sandbox
