// Confine: the command's way into its sandbox (sandbox/policies.cpp).
//
// Layer:   clients/cli.
// Secrets: none.
// Errors:  os_error codes.
// Threads: restrict_paths() before there are any, confine() after the wiper's.
#pragma once

#include "clients/cli/arguments.h"

namespace nacre::cli {

// Leaves open the token's file, and the files that the arguments name: for writing only where the
// verb writes one. Nothing of both for a verb that starts other programs.
Result<void> restrict_paths(const Arguments& arguments);

// No sockets but Unix ones, no processes, no new code.
Result<void> filter_calls(const Arguments& arguments);

}  // namespace nacre::cli
