// Confine: nacred's way into its sandbox (sandbox/policies.cpp). Whatever it gives up, its children
// have given up as well.
//
// Layer:   daemon/supervisor.
// Secrets: none.
// Errors:  os_error codes: then nothing is started.
// Threads: one.
#pragma once

#include "daemon/config/config.h"
#include "daemon/config/places.h"
#include "sandbox/private_mounts.h"

namespace nacre::supervisor {

// A view without the buses for the courier, if this machine allows it. First in main.
std::optional<sandbox::PrivateMounts> hide_buses(const config::Places& places);

// When its folders and sockets are there: leaves open what it and its children use.
Result<void> confine(const config::Places& places, const config::Config& config);

}  // namespace nacre::supervisor
