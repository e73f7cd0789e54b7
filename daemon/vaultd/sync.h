// Sync: what our other devices tell this one, and what we ask of them.
//
// Layer:   daemon/vaultd.
// Secrets: message text, account keys.
// Errors:  bad_message, the vault's.
// Threads: the engine's, inside the caller's transaction.
// Wire:    signal-linked-device notes A.8, B.5.
#pragma once

#include "daemon/vaultd/content.h"
#include "daemon/vaultd/contact_blob.h"

namespace nacre::vaultd {

// Text, when the message has text and nothing that gives it another meaning.
vault::MessageKind kind_of(const wire::DataMessage& data);
// The group's, if the message names one, else the one with recipient `other`.
Result<vault::ConversationRow> conversation_of(EngineState& state, const wire::DataMessage& data,
                                               std::int64_t other);
Result<vault::ConversationRow> conversation_of(EngineState& state, const wire::StoryMessage& story,
                                               std::int64_t other);

Result<void> apply_sync(EngineState& state, const Decrypted& message, const wire::SyncMessage& sync,
                        std::int64_t received_ms, BatchEffects& effects);

// Asks the primary for contacts, blocked list, configuration and keys, through the outbox: once
// after each linking, when the pre-keys are there with which the primary can answer. plan_sync()
// belongs into the transaction that stores the account, so that a crash does not lose the question.
Result<void> plan_sync(EngineState& state);
Result<void> request_planned_sync(EngineState& state);

// The whole contact list of a sync.
Result<void> apply_contacts(EngineState& state, const std::vector<ContactEntry>& contacts);

}  // namespace nacre::vaultd
