// Environments: what is built in about Signal's two public services.
//
// Layer:   daemon/config.
// Secrets: none, all public.
// Threads: pure.
#pragma once

#include "daemon/config/config.h"

namespace nacre::config {

Environment production();
Environment staging();

}  // namespace nacre::config
