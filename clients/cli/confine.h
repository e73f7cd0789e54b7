// Confine: the command's way into its sandbox (sandbox/policies.cpp).
//
// Layer:   clients/cli.
// Secrets: none.
// Errors:  os_error codes.
// Threads: restrict_paths() before there are any, filter_calls() after the wiper's.
#pragma once

#include "clients/cli/arguments.h"

namespace nacre::cli {

// Leaves open the token's file, and the files that the arguments name: for writing only where the
// verb writes one.
Result<void> restrict_paths(const Arguments& arguments, const Result<client::Places>& found);

// No sockets but Unix ones, no processes, no new code.
Result<void> filter_calls();

}  // namespace nacre::cli
