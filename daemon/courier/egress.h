// Egress: the courier's own gate in front of connect() and name resolution.
//
// libsignal does not keep to a proxy: when one fails it connects directly, resolves names by itself
// and asks public resolvers. So the executable interposes connect, sendto, sendmsg, sendmmsg and
// getaddrinfo (egress.cpp exports them; the addon and libcurl bind to them), and everything that is
// not on the allow list fails. Linking the object library nacre_egress into an executable closes
// the gate: nothing gets out before allow(). The sandbox stands behind it.
//
// Layer:   daemon/courier. Nothing of libsignal, nothing of the protocol.
// Secrets: none. Names and addresses are never logged.
// Errors:  a denied connect fails with EACCES, a denied name with EAI_FAIL, at once.
// Threads: allow() once, before the first connection and before other threads; the interposed
//          functions and counters() from any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "api/base/result.h"

namespace nacre::courier::egress {

struct Endpoint {
    std::string host;  // a name, or an IPv4 or IPv6 literal
    std::uint16_t port = 0;
};

struct AllowList {
    // Direct mode: these and nothing else. A name may be resolved by the system's resolver, and
    // may then be connected to at the addresses that this gave. "localhost" and loopback literals
    // are for the custom environment.
    std::vector<Endpoint> hosts{};
    // Proxy mode: the proxies and nothing else, so every other name fails. May not stand beside
    // `hosts`. A proxy given by name is looked up whenever libsignal or libcurl asks.
    std::vector<Endpoint> proxies{};
    // Unix-domain sockets, by path ("@name" for an abstract one). Needed in either mode.
    std::vector<std::string> unix_paths{};
};

// Opens the gate this far, once; a second call fails with already_exists, an endpoint with port 0
// or without a host, or both modes at once, with invalid_argument. Until then: nothing.
Result<void> allow(const AllowList& list);

// Called before each look-up of a name that is allowed, by the thread that asks. Once, before there are
// threads.
void before_names(std::function<void()> call);

// What went through the gate since the start, for tests and the status.
struct Counters {
    std::uint64_t connects_allowed = 0;
    std::uint64_t connects_denied = 0;  // sends with an address count as connects
    std::uint64_t names_allowed = 0;
    std::uint64_t names_denied = 0;
};

Counters counters();

}  // namespace nacre::courier::egress
