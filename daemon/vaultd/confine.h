// Confine: vaultd's way into its sandbox (sandbox/policies.cpp), in the order that it needs.
//
// Layer:   daemon/vaultd.
// Secrets: none.
// Errors:  os_error codes: a vault that cannot confine itself must not open.
// Threads: restrict_paths() before there are any, confine() before the first client.
#pragma once

#include "daemon/config/places.h"
#include "sandbox/in_force.h"

namespace nacre::vaultd {

// Loads what would be loaded later (libsignal's addon, OpenSSL's configuration, the time zone), then
// leaves open the state folder and the service's credentials, and no TCP, by Landlock.
Result<sandbox::InForce> restrict_paths(const config::Places& places);

// From now on no sockets but those that it has, no processes, no new code.
Result<void> filter_calls(sandbox::InForce& in_force);

}  // namespace nacre::vaultd
