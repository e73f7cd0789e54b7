// MemoryStores: libsignal's stores in maps, for tests and benchmarks; and a Peer that has them.
#pragma once

#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "daemon/libsignal/keys.h"
#include "daemon/libsignal/session.h"
#include "daemon/libsignal/stores.h"

namespace nacre::tests {

class MemoryStores : public signal::Stores {
public:
    MemoryStores(signal::KeyPair identity, std::uint32_t registration)
        : identity_{std::move(identity)}, registration_{registration} {}

    Result<std::optional<Bytes>> load_session(const signal::Address& remote) override {
        return find(sessions, remote);
    }
    Result<void> store_session(const signal::Address& remote, ByteView record) override {
        sessions[remote] = to_bytes(record);
        return {};
    }

    Result<const signal::KeyPair*> identity_key_pair() override { return &identity_; }
    Result<std::uint32_t> registration_id() override { return registration_; }

    Result<std::optional<Bytes>> load_identity(const signal::Address& remote) override {
        return find(identities, remote.service);
    }
    Result<signal::IdentityChange> save_identity(const signal::Address& remote,
                                                 ByteView public_key) override {
        const auto [place, is_new] = identities.try_emplace(remote.service, to_bytes(public_key));
        if (is_new || equal(place->second, public_key)) {
            return signal::IdentityChange::new_or_unchanged;
        }
        place->second = to_bytes(public_key);
        return signal::IdentityChange::replaced;
    }
    Result<bool> is_trusted(const signal::Address& remote, ByteView public_key,
                            signal::Direction) override {
        const auto known = identities.find(remote.service);
        return known == identities.end() || equal(known->second, public_key);
    }

    Result<std::optional<Bytes>> load_pre_key(std::uint32_t id) override {
        return find(pre_keys, id);
    }
    Result<void> remove_pre_key(std::uint32_t id) override {
        pre_keys.erase(id);
        return {};
    }
    Result<std::optional<Bytes>> load_signed_pre_key(std::uint32_t id) override {
        return find(signed_pre_keys, id);
    }
    Result<std::optional<Bytes>> load_kyber_pre_key(std::uint32_t id) override {
        return find(kyber_pre_keys, id);
    }
    // All Kyber pre-keys are last-resort ones here.
    Result<void> mark_kyber_used(std::uint32_t id, std::uint32_t ec_id,
                                 ByteView base_key) override {
        if (!kyber_uses.emplace(id, ec_id, to_bytes(base_key)).second) {
            return Error{ErrorCode::bad_message, "kyber pre-key used twice"};
        }
        return {};
    }

    Result<std::optional<Bytes>> load_sender_key(const signal::Address& sender,
                                                 const signal::DistributionId& id) override {
        return find(sender_keys, std::pair{sender, id});
    }
    Result<void> store_sender_key(const signal::Address& sender, const signal::DistributionId& id,
                                  ByteView record) override {
        sender_keys[{sender, id}] = to_bytes(record);
        return {};
    }

    std::map<signal::Address, Bytes> sessions;
    std::map<signal::ServiceId, Bytes> identities;
    std::map<std::uint32_t, Bytes> pre_keys;
    std::map<std::uint32_t, Bytes> signed_pre_keys;
    std::map<std::uint32_t, Bytes> kyber_pre_keys;
    std::set<std::tuple<std::uint32_t, std::uint32_t, Bytes>> kyber_uses;
    std::map<std::pair<signal::Address, signal::DistributionId>, Bytes> sender_keys;

private:
    template <class Map, class Key>
    static Result<std::optional<Bytes>> find(const Map& map, const Key& key) {
        const auto found = map.find(key);
        return found == map.end() ? std::optional<Bytes>{} : std::optional{found->second};
    }

    signal::KeyPair identity_;
    std::uint32_t registration_;
};

// One device with an identity and its stores.
struct Peer {
    Peer(signal::Host& where, signal::Address at)
        : host{where},
          address{std::move(at)},
          stores{signal::generate_key_pair(where).value(),
                 signal::generate_registration_id().value()} {}

    const signal::KeyPair& identity() { return *stores.identity_key_pair().value(); }

    // Fresh pre-keys, kept in the stores, as the server would give them out.
    signal::PreKeyBundle make_bundle(std::uint32_t id = 1) {
        constexpr std::int64_t kMadeAt = 1'700'000'000'000;
        const auto& key = identity().private_key;
        const auto one_time = signal::make_pre_key(host, id).value();
        const auto signed_key = signal::make_signed_pre_key(host, id, key, kMadeAt).value();
        const auto kyber = signal::make_kyber_pre_key(host, id, key, kMadeAt).value();
        stores.pre_keys[id] = one_time.record;
        stores.signed_pre_keys[id] = signed_key.record;
        stores.kyber_pre_keys[id] = kyber.record;
        return {stores.registration_id().value(),
                identity().public_key,
                {id, signed_key.public_key, signed_key.signature},
                {id, kyber.public_key, kyber.signature},
                signal::SignedKey{id, one_time.public_key, {}}};
    }

    signal::Host& host;
    signal::Address address;
    MemoryStores stores;
};

}  // namespace nacre::tests
