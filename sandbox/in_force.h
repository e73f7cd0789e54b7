// InForce: what a process's sandbox consists of on this machine, for `nacre status`.
//
// Layer:   sandbox.
// Secrets: none.
// Threads: values.
#pragma once

#include "sandbox/filter.h"

namespace nacre::sandbox {

struct InForce {
    Filter filter = Filter::none;
    int landlock = 0;  // its version; 0: none
    bool refuses_written_code = false;
    bool hides_buses = false;  // courier: neither /run/user nor /run/dbus is there
};

}  // namespace nacre::sandbox
