// Outward: what the configuration means for connections: which service, through which proxy, and
// what the egress gate lets through.
//
// Layer:   daemon/courier.
// Errors:  invalid_argument for a CA that is no PEM certificate; unsupported for a custom chat
//          service that is not on this machine: libsignal connects to Signal's or to localhost.
// Threads: pure functions.
#pragma once

#include <string>

#include "daemon/config/config.h"
#include "daemon/courier/egress.h"
#include "daemon/libsignal/chat.h"

namespace nacre::courier {

Result<signal::NetworkOptions> network_options(const config::Config& config);

// With a proxy configured, required or not, the proxy and nothing else: libsignal would connect
// directly when a proxy fails. `unix_paths`: sockets that the process needs besides.
egress::AllowList allow_list(const config::Config& config, std::vector<std::string> unix_paths);

}  // namespace nacre::courier
