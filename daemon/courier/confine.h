// Confine: the courier's way into its sandbox (sandbox/policies.cpp), in the order that it needs.
//
// Layer:   daemon/courier.
// Secrets: none.
// Errors:  os_error codes: a courier that cannot confine itself must not connect.
// Threads: before there are any.
#pragma once

#include "daemon/config/places.h"
#include "daemon/courier/egress.h"
#include "sandbox/in_force.h"

namespace nacre::courier {

struct Outside {
    const egress::AllowList& allowed;
    bool by_nacred = true;  // links come over the control socket: no Unix socket is ever made
};

// Loads what would be loaded later (libsignal's addon, OpenSSL's configuration, the resolver), then
// leaves open the state folder, what names are resolved with, and TCP to the ports of `outside`.
// Afterwards no socket of another kind, no processes, no new code.
Result<sandbox::InForce> confine(const config::Places& places, const Outside& outside);

}  // namespace nacre::courier
