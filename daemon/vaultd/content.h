// Content: what a decrypted message does to the vault.
//
// Layer:   daemon/vaultd.
// Secrets: message text.
// Errors:  bad_message (does not parse, or breaks a rule), the vault's.
// Threads: the engine's, inside a savepoint that is undone when this fails.
// Wire:    signal-linked-device notes B.4, B.5.
#pragma once

#include <map>
#include <vector>

#include "daemon/vaultd/envelope.h"

namespace nacre::vaultd {

// What a batch leaves to be done once it is durable.
struct BatchEffects {
    // Delivery receipts to send: sender and the sent timestamps.
    std::map<vault::ServiceId, std::vector<std::int64_t>> delivered;
    bool used_pre_key = false;
    bool contacts_to_fetch = false;
    bool account_changed = false;
};

// Everything that `message` says is stored; what is not understood is kept as an unsupported
// message. `received_ms` is the courier's clock.
Result<void> apply_content(EngineState& state, const Decrypted& message, std::int64_t received_ms,
                           BatchEffects& effects);

// Meta keys.
inline constexpr Literal kSpoolLost{"spool.lost"};  // envelopes that waited and are lost, ever
inline constexpr Literal kContactsPending{"sync.contacts_pending"};  // AttachmentPointer

}  // namespace nacre::vaultd
