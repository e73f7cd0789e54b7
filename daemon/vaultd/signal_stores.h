// SignalStores: libsignal's store callbacks over the vault, one object for each own identity.
//
// Layer:   daemon/vaultd.
// Secrets: the identity's private key, while the vault is open.
// Errors:  the vault's.
// Threads: the engine's. The caller holds a transaction around every libsignal operation.
#pragma once

#include "daemon/libsignal/stores.h"
#include "daemon/vaultd/engine_state.h"

namespace nacre::vaultd {

class SignalStores final : public signal::Stores {
public:
    SignalStores(EngineState& state, vault::OwnIdentity own, signal::KeyPair identity,
                 std::uint32_t registration_id);

    const signal::KeyPair& identity() const { return identity_; }
    vault::OwnIdentity own() const { return own_; }

    Result<std::optional<Bytes>> load_session(const signal::Address& remote) override;
    Result<void> store_session(const signal::Address& remote, ByteView record) override;
    Result<const signal::KeyPair*> identity_key_pair() override;
    Result<std::uint32_t> registration_id() override;
    Result<std::optional<Bytes>> load_identity(const signal::Address& remote) override;
    Result<signal::IdentityChange> save_identity(const signal::Address& remote,
                                                 ByteView public_key) override;
    Result<bool> is_trusted(const signal::Address& remote, ByteView public_key,
                            signal::Direction direction) override;
    Result<std::optional<Bytes>> load_pre_key(std::uint32_t id) override;
    Result<void> remove_pre_key(std::uint32_t id) override;
    Result<std::optional<Bytes>> load_signed_pre_key(std::uint32_t id) override;
    Result<std::optional<Bytes>> load_kyber_pre_key(std::uint32_t id) override;
    Result<void> mark_kyber_used(std::uint32_t id, std::uint32_t ec_id, ByteView base_key) override;
    Result<std::optional<Bytes>> load_sender_key(const signal::Address& sender,
                                                 const signal::DistributionId& id) override;
    Result<void> store_sender_key(const signal::Address& sender, const signal::DistributionId& id,
                                  ByteView record) override;

private:
    EngineState& state_;
    const vault::OwnIdentity own_;
    const signal::KeyPair identity_;
    const std::uint32_t registration_id_;
};

}  // namespace nacre::vaultd
