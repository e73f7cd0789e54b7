// Outgoing: composes what we send and commits it to the outbox.
//
// Layer:   daemon/vaultd.
// Secrets: message text.
// Errors:  the vault's; unsupported (groups), already_exists (client request id with other text).
// Threads: the engine's, inside the caller's transaction.
// Wire:    signal-linked-device notes B.5, C.
#pragma once

#include <map>
#include <vector>

#include "daemon/config/config.h"
#include "daemon/vaultd/engine_state.h"
#include "signal/signal.pb.h"

namespace nacre::vaultd {

// False while a changed safety number waits to be accepted.
Result<bool> identity_accepted(EngineState& state, const vault::ServiceId& remote);

// A text of 1 to 65536 bytes, blocked from the start if the identity is not accepted. The same client request id again gives the first message, if the text
// and the conversation are the same.
Result<vault::Id> queue_text(EngineState& state, const vault::ConversationRow& conversation,
                             std::string_view text, std::string_view client_request_id);

// For our other devices.
Result<void> queue_to_self(EngineState& state, vault::OutboxKind kind, const wire::Content& content);

Result<void> queue_receipt(EngineState& state, const vault::ServiceId& to,
                           wire::ReceiptMessage::Type type, const std::vector<std::int64_t>& timestamps);
// Senders, and the sent timestamps of what came from them.
using Delivered = std::map<vault::ServiceId, std::vector<std::int64_t>>;
// Takes out of `delivered`, which came while the vault was locked, what is not to go out at once, and
// has it go out later if it is to go out at all.
Result<void> hold_late_receipts(EngineState& state, config::LateReceipts late, Delivered& delivered);
// Delivery receipts that were held back and are due. How many.
Result<std::size_t> queue_held_receipts(EngineState& state);

// After the server has accepted a message: tells our other devices of it.
Result<void> queue_transcript(EngineState& state, const vault::OutboxEntry& sent, bool sealed);

// Read receipts, if the account wants them, and the read sync.
Result<void> queue_read(EngineState& state, const std::vector<vault::ReadMessage>& read);

}  // namespace nacre::vaultd
