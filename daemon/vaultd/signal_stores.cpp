#include "daemon/vaultd/signal_stores.h"

namespace nacre::vaultd {

using signal::Address;
using vault::PreKeyKind;

SignalStores::SignalStores(EngineState& state, vault::OwnIdentity own, signal::KeyPair identity,
                           std::uint32_t registration_id)
    : state_{state}, own_{own}, identity_{std::move(identity)}, registration_id_{registration_id} {}

Result<std::optional<Bytes>> SignalStores::load_session(const Address& remote) {
    return state_.protocol.session(own_, to_vault(remote.service), remote.device);
}

Result<void> SignalStores::store_session(const Address& remote, ByteView record) {
    return state_.protocol.save_session(own_, to_vault(remote.service), remote.device, record);
}

Result<const signal::KeyPair*> SignalStores::identity_key_pair() { return &identity_; }

Result<std::uint32_t> SignalStores::registration_id() { return registration_id_; }

Result<std::optional<Bytes>> SignalStores::load_identity(const Address& remote) {
    auto row = NACRE_TRY(state_.protocol.identity(to_vault(remote.service)));
    if (!row) return std::optional<Bytes>{};
    return std::optional{std::move(row->key)};
}

Result<signal::IdentityChange> SignalStores::save_identity(const Address& remote, ByteView public_key) {
    const auto change = NACRE_TRY(state_.protocol.save_identity(to_vault(remote.service), public_key,
                                                                state_.clock.wall_ms()));
    if (change != vault::IdentityChange::changed) return signal::IdentityChange::new_or_unchanged;
    const auto recipient = NACRE_TRY(state_.recipients.ensure(to_vault(remote.service)));
    NACRE_TRY(state_.note({vault::EventKind::identity_changed, {}, {}, recipient.id}));
    return signal::IdentityChange::replaced;
}

Result<bool> SignalStores::is_trusted(const Address& remote, ByteView public_key,
                                      signal::Direction direction) {
    // Our own devices have our own identity key; a server that gives another one lies.
    if (remote.service == state_.own_aci()) return equal(public_key, state_.aci->identity().public_key);
    if (direction == signal::Direction::receiving) return true;
    const auto row = NACRE_TRY(state_.protocol.identity(to_vault(remote.service)));
    return !row || (row->accepted && equal(row->key, public_key));
}

Result<std::optional<Bytes>> SignalStores::load_pre_key(std::uint32_t id) {
    return state_.protocol.pre_key(own_, PreKeyKind::ec, id);
}

Result<void> SignalStores::remove_pre_key(std::uint32_t id) {
    return state_.protocol.remove_pre_key(own_, PreKeyKind::ec, id);
}

Result<std::optional<Bytes>> SignalStores::load_signed_pre_key(std::uint32_t id) {
    return state_.protocol.pre_key(own_, PreKeyKind::signed_ec, id);
}

Result<std::optional<Bytes>> SignalStores::load_kyber_pre_key(std::uint32_t id) {
    return state_.protocol.pre_key(own_, PreKeyKind::kyber, id);
}

Result<void> SignalStores::mark_kyber_used(std::uint32_t id, std::uint32_t ec_id, ByteView base_key) {
    return state_.protocol.use_kyber(own_, id, ec_id, base_key);
}

Result<std::optional<Bytes>> SignalStores::load_sender_key(const Address& sender,
                                                           const signal::DistributionId& id) {
    return state_.protocol.sender_key(to_vault(sender.service), sender.device, id);
}

Result<void> SignalStores::store_sender_key(const Address& sender, const signal::DistributionId& id,
                                            ByteView record) {
    return state_.protocol.save_sender_key(to_vault(sender.service), sender.device, id, record);
}

}  // namespace nacre::vaultd
