// EngineFixture: an engine's state over a real vault in a folder of its own, with an account.
// The executable links nacre_kdf_limits_test.
#pragma once

#include "daemon/vaultd/engine_state.h"
#include "daemon/vaultd/identity.h"
#include "tests/support/temp_dir.h"
#include "vault/kdf_limits.h"

namespace nacre::tests {

// Linked, with fresh identities.
inline Result<void> link_account(vaultd::EngineState& state) {
    auto transaction = NACRE_TRY(vault::Transaction::begin(state.database));
    vault::AccountRow row;
    row.state = vault::LinkState::linked;
    row.aci.fill(0x0a);
    row.pni.emplace().fill(0x0b);
    row.number = "+15550000";
    row.device_id = 2;
    row.password = to_bytes("password");
    row.aci_identity_key_pair = vaultd::write_identity(NACRE_TRY(signal::generate_key_pair(state.host)));
    row.pni_identity_key_pair = vaultd::write_identity(NACRE_TRY(signal::generate_key_pair(state.host)));
    row.aci_registration_id = 1;
    row.pni_registration_id = 2;
    row.profile_key = Bytes(32, 3);
    row.environment.trust_roots = {NACRE_TRY(signal::generate_key_pair(state.host)).public_key};
    NACRE_TRY(state.accounts.save(row));
    NACRE_TRY(state.recipients.ensure_self(row.aci, row.pni, row.number));
    NACRE_TRY(transaction.commit());
    return state.reload_account();
}

class EngineFixture {
public:
    explicit EngineFixture(const Clock& clock = system_clock())
        : vault_{must(vault::Vault::create(dir_ / "vault", must(Passphrase::from(as_bytes("correct horse"))),
                                           {1, std::nullopt}, [](Literal) {}))},
          host_{must(signal::Host::open(signal::default_addon_path()))},
          attempt_{must(vaultd::AttemptFile::open(dir_ / "attempt"))},
          state_{*host_, *vault_, attempt_, clock} {
        must(link_account(state_));
    }

    vaultd::EngineState& state() { return state_; }

    template <class T>
    static T must(Result<T> result) {
        return std::move(result).value();
    }

private:
    TempDir dir_;
    std::unique_ptr<vault::Vault> vault_;
    std::unique_ptr<signal::Host> host_;
    vaultd::AttemptFile attempt_;
    vaultd::EngineState state_;
};

}  // namespace nacre::tests
