// Peer keys: begins sessions with other devices from the bundles that the server gives out.
//
// Layer:   daemon/vaultd.
// Secrets: none; public keys in, session records into the vault.
// Errors:  untrusted_identity (changed and not accepted: noted, committed), bad_message (a bundle
//          that does not verify, or one of our own account with a foreign identity), unregistered,
//          rate_limited, unavailable, the vault's.
// Threads: a network thread; the engine does the rest.
#pragma once

#include "daemon/vaultd/courier.h"
#include "daemon/vaultd/engine.h"

namespace nacre::vaultd {

// Sessions with one device, or with device 0: all.
Result<void> fetch_sessions(Engine& engine, Courier& courier, const vault::ServiceId& remote,
                            std::uint32_t device);

}  // namespace nacre::vaultd
