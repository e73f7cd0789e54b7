#include "daemon/vaultd/engine_state.h"

#include "daemon/vaultd/identity.h"
#include "daemon/vaultd/signal_stores.h"

namespace nacre::vaultd {

EngineState::EngineState(signal::Host& host_, vault::Vault& vault_, AttemptFile& attempt_,
                         const Clock& clock_)
    : host{host_},
      vault{vault_},
      database{vault_.writer()},
      attempt{attempt_},
      clock{clock_},
      accounts{database},
      protocol{database},
      recipients{database},
      conversations{database},
      messages{database},
      outbox{database},
      events{database},
      quarantine{database},
      spool{database},
      clients{database},
      search{database} {}

EngineState::~EngineState() = default;

Result<void> EngineState::reload_account() {
    aci.reset();
    pni.reset();
    account = NACRE_TRY(accounts.account());
    if (!account) return {};
    aci = std::make_unique<SignalStores>(*this, vault::OwnIdentity::aci,
                                         NACRE_TRY(read_identity(account->aci_identity_key_pair)),
                                         account->aci_registration_id);
    if (account->pni_identity_key_pair.empty()) return {};
    pni = std::make_unique<SignalStores>(*this, vault::OwnIdentity::pni,
                                         NACRE_TRY(read_identity(account->pni_identity_key_pair)),
                                         account->pni_registration_id);
    return {};
}

signal::ServiceId EngineState::own_aci() const {
    return {signal::ServiceId::Kind::aci, account ? account->aci : vault::Uuid{}};
}

signal::Address EngineState::own_address() const {
    return {own_aci(), account ? account->device_id : 0};
}

Result<void> EngineState::note(vault::EventKind kind) { return note(vault::NewEvent{kind, {}, {}, {}}); }

Result<void> EngineState::note(const vault::NewEvent& event) {
    NACRE_TRY(events.append(event, clock.wall_ms()));
    return {};
}

}  // namespace nacre::vaultd
