// Filter: no system call but those of the policy, from here to the process's end.
//
// Layer:   sandbox. filter.cpp is the only file that includes libseccomp.
// Secrets: none.
// Errors:  os_error codes; a process that gets no filter must end.
// Threads: holds for all threads of the process at once, and for those to come (TSYNC).
#pragma once

#include "api/base/result.h"
#include "sandbox/policy.h"

namespace nacre::sandbox {

enum class Filter : std::uint8_t {
    none,      // not asked for yet; under sanitizers, always; in test binaries if told so
    enforced,  // what the policy does not allow ends the process
    audited,   // test binaries alone: the kernel's log names what would have ended it
};

// Everything that is loaded at run time must have been loaded, every socket that the policy forbids
// must have been made. Calls that libseccomp does not know yet are answered with ENOSYS: libraries that
// try the newest go on with what was before.
Result<Filter> filter_calls(Process process, Circumstances circumstances = 0);

}  // namespace nacre::sandbox
