// EngineState: what only the engine's thread touches: libsignal, the writing connection, the stores
// over it, and the account as last read.
//
// Layer:   daemon/vaultd.
// Secrets: the account row holds private keys while the vault is open.
// Threads: the engine's.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "api/base/clock.h"
#include "daemon/libsignal/host.h"
#include "daemon/libsignal/keys.h"
#include "daemon/vaultd/attempt.h"
#include "daemon/vaultd/reset_limit.h"
#include "vault/account_store.h"
#include "vault/client_store.h"
#include "vault/conversation_store.h"
#include "vault/event_store.h"
#include "vault/message_store.h"
#include "vault/outbox_store.h"
#include "vault/protocol_store.h"
#include "vault/quarantine_store.h"
#include "vault/recipient_store.h"
#include "vault/search.h"
#include "vault/spool_store.h"
#include "vault/vault.h"

namespace nacre::vaultd {

class SignalStores;

struct EngineState {
    EngineState(signal::Host& host_, vault::Vault& vault_, AttemptFile& attempt_, const Clock& clock_);
    ~EngineState();

    signal::Host& host;
    vault::Vault& vault;
    vault::Database& database;
    AttemptFile& attempt;
    const Clock& clock;

    vault::AccountStore accounts;
    vault::ProtocolStore protocol;
    vault::RecipientStore recipients;
    vault::ConversationStore conversations;
    vault::MessageStore messages;
    vault::OutboxStore outbox;
    vault::EventStore events;
    vault::QuarantineStore quarantine;
    vault::SpoolStore spool;
    vault::ClientStore clients;
    vault::Search search;

    // Empty when never linked.
    std::optional<vault::AccountRow> account;
    // Null without the account, or without its PNI.
    std::unique_ptr<SignalStores> aci;
    std::unique_ptr<SignalStores> pni;

    ResetLimit session_resets;

    // After the account's row or keys changed.
    Result<void> reload_account();
    bool linked() const { return account && account->state == vault::LinkState::linked; }
    signal::ServiceId own_aci() const;
    signal::Address own_address() const;

    // Within the caller's transaction.
    Result<void> note(vault::EventKind kind);
    Result<void> note(const vault::NewEvent& event);
};

inline vault::ServiceId to_vault(const signal::ServiceId& id) { return {id.to_fixed_width()}; }

inline signal::ServiceId to_signal(const vault::ServiceId& id) {
    return {id.is_pni() ? signal::ServiceId::Kind::pni : signal::ServiceId::Kind::aci, id.uuid()};
}

// What was not the envelope's or the request's fault, but the disk's: nothing is decided, try later.
inline bool is_storage_failure(ErrorCode code) {
    return code == ErrorCode::disk_full || code == ErrorCode::io_failed ||
           code == ErrorCode::vault_damaged || code == ErrorCode::resource_exhausted ||
           code == ErrorCode::vault_in_use || code == ErrorCode::permission_denied;
}

}  // namespace nacre::vaultd
