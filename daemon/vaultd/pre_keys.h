// Pre-keys: makes ours, stores their private halves, and uploads the public ones.
//
// Layer:   daemon/vaultd.
// Secrets: private keys go from libsignal into the vault and nowhere else.
// Errors:  the vault's; unavailable or rate_limited when the server does not take them.
// Threads: make functions on the engine's, inside the caller's transaction; upload functions on a
//          network thread.
// Wire:    signal-linked-device notes A.7.
#pragma once

#include "daemon/vaultd/courier.h"
#include "daemon/vaultd/engine.h"
#include "daemon/vaultd/server_json.h"

namespace nacre::vaultd {

struct LastingKeys {
    PublicPreKey signed_key;
    PublicPreKey last_resort;
};

// A signed and a last-resort Kyber pre-key in place of those in use, which are kept for messages
// under way.
Result<LastingKeys> make_lasting_keys(EngineState& state, vault::OwnIdentity own,
                                      const signal::KeyPair& identity);

// 100 one-time keys of each kind for each identity we have, and lasting keys that are older than
// two days replaced. Uploads always for `both_now`, else only where the server has fewer than ten.
Result<void> refill_pre_keys(Engine& engine, Courier& courier, bool both_now);

// Sees to it that four uploads of one-time keys for each identity lie ready with the courier, for
// when the vault is locked; their private halves are durable before. All of them anew after
// `anew`, after a new link, and every thirty days.
Result<void> leave_ready_keys(Engine& engine, Courier& courier, bool anew);

}  // namespace nacre::vaultd
