#include "daemon/vaultd/peer_keys.h"

#include "daemon/libsignal/session.h"
#include "daemon/vaultd/server_json.h"
#include "daemon/vaultd/signal_stores.h"

namespace nacre::vaultd {
namespace {

signal::PreKeyBundle to_bundle(const BundleReply& reply, const DeviceBundle& device) {
    const auto key = [](const PublicPreKey& from) {
        return signal::SignedKey{from.id, from.public_key, from.signature};
    };
    signal::PreKeyBundle bundle;
    bundle.registration_id = device.registration_id;
    bundle.identity_key = reply.identity_key;
    bundle.signed_pre_key = key(device.signed_key);
    bundle.kyber_pre_key = key(device.kyber);
    if (device.one_time) bundle.pre_key = key(*device.one_time);
    return bundle;
}

// Notes a key that differs from the one known, so that sends wait and the owner sees it. True: the
// owner has to accept it first.
Result<bool> note_identity(EngineState& state, const vault::ServiceId& remote, ByteView key) {
    if (remote == to_vault(state.own_aci())) {
        if (equal(key, state.aci->identity().public_key)) return false;
        return Error{ErrorCode::bad_message, "own device with a foreign identity"};
    }
    // Saving through the stores also tells the event log.
    NACRE_TRY(state.aci->save_identity({to_signal(remote), 1}, key));
    const auto row = NACRE_TRY(state.protocol.identity(remote));
    return row && !row->accepted;
}

Result<void> begin_sessions(EngineState& state, const vault::ServiceId& remote, const BundleReply& reply) {
    for (const DeviceBundle& device : reply.devices) {
        const signal::Address address{to_signal(remote), device.device_id};
        if (address == state.own_address()) continue;
        NACRE_TRY(signal::process_pre_key_bundle(state.host, *state.aci, address, state.own_address(),
                                                 to_bundle(reply, device), state.clock.wall_ms()));
    }
    return {};
}

}  // namespace

Result<void> fetch_sessions(Engine& engine, Courier& courier, const vault::ServiceId& remote,
                            std::uint32_t device) {
    courier::v1::ChatRequest request;
    request.mutable_get_pre_keys()->set_service_id(remote.text());
    request.mutable_get_pre_keys()->set_device_id(device);
    const auto reply = NACRE_TRY(courier.chat(request));
    if (reply.status() == 404) return Error{ErrorCode::unregistered, "pre-keys"};
    if (reply.status() == 429 || reply.status() == 428)
        return Error{ErrorCode::rate_limited, "pre-keys"};
    if (reply.status() != 200) return Error{ErrorCode::unavailable, "pre-keys"};
    const BundleReply bundles = NACRE_TRY(read_bundles(as_bytes(reply.body())));
    const bool blocked = NACRE_TRY(engine.transact([&](EngineState& state) -> Result<bool> {
        return note_identity(state, remote, bundles.identity_key);
    }));
    if (blocked) return Error{ErrorCode::untrusted_identity, "pre-keys"};
    return engine.transact(
        [&](EngineState& state) { return begin_sessions(state, remote, bundles); });
}

}  // namespace nacre::vaultd
