#include "daemon/vaultd/pre_keys.h"

#include "daemon/vaultd/cipher.h"
#include "daemon/vaultd/signal_stores.h"

namespace nacre::vaultd {
namespace {

using vault::OwnIdentity;
using vault::PreKeyKind;

constexpr std::uint32_t kBatch = 100;
constexpr std::uint32_t kMinimum = 10;
constexpr std::uint32_t kReadyUploads = 4;
constexpr std::int64_t kReadyForMs = 30LL * 24 * 60 * 60 * 1000;
// What the server has is renewed by then, used up or not; an upload takes the place of all before it.
constexpr std::int64_t kUploadedForMs = 30LL * 24 * 60 * 60 * 1000;
// Beside an upload, one-time keys that old are on no server any more, nor with the courier. They are
// kept on for messages under way (Session::keep_house).
constexpr std::int64_t kOneTimeForMs = 60LL * 24 * 60 * 60 * 1000;
constexpr std::int64_t kRotateMs = 2LL * 24 * 60 * 60 * 1000;

PublicPreKey to_public(const signal::PreKey& key) { return {key.id, key.public_key, key.signature}; }

Result<PublicPreKey> save(EngineState& state, OwnIdentity own, PreKeyKind kind, const signal::PreKey& key,
                          bool last_resort) {
    vault::PreKeyRow row;
    row.id = key.id;
    row.record = key.record;
    row.created_ms = state.clock.wall_ms();
    row.last_resort = last_resort;
    NACRE_TRY(state.protocol.save_pre_key(own, kind, row));
    return to_public(key);
}

Result<void> add_one_time(EngineState& state, OwnIdentity own, const signal::KeyPair& identity,
                          KeysBody& body) {
    for (const std::uint32_t id : NACRE_TRY(state.protocol.take_ids(own, PreKeyKind::ec, kBatch))) {
        const auto key = NACRE_TRY(signal::make_pre_key(state.host, id));
        body.one_time.push_back(NACRE_TRY(save(state, own, PreKeyKind::ec, key, false)));
    }
    for (const std::uint32_t id : NACRE_TRY(state.protocol.take_ids(own, PreKeyKind::kyber, kBatch))) {
        const auto key = NACRE_TRY(signal::make_kyber_pre_key(state.host, id, identity.private_key,
                                                              state.clock.wall_ms()));
        body.one_time_kyber.push_back(NACRE_TRY(save(state, own, PreKeyKind::kyber, key, false)));
    }
    return {};
}

// One identity's share of a refill; nothing to upload gives an empty optional.
Result<std::optional<KeysBody>> make_refill(EngineState& state, OwnIdentity own, bool one_time) {
    const SignalStores* stores = own == OwnIdentity::aci ? state.aci.get() : state.pni.get();
    if (stores == nullptr) return std::optional<KeysBody>{};
    KeysBody body;
    if (one_time) NACRE_TRY(add_one_time(state, own, stores->identity(), body));
    const auto current = NACRE_TRY(state.protocol.current_pre_key(own, PreKeyKind::signed_ec));
    const bool rotate = !current || current->created_ms + kRotateMs < state.clock.wall_ms();
    if (rotate) {
        LastingKeys lasting = NACRE_TRY(make_lasting_keys(state, own, stores->identity()));
        body.signed_key = std::move(lasting.signed_key);
        body.last_resort = std::move(lasting.last_resort);
    }
    if (!one_time && !rotate) return std::optional<KeysBody>{};
    return std::optional{std::move(body)};
}

courier::v1::IdentityKind to_link(OwnIdentity own) {
    return own == OwnIdentity::aci ? courier::v1::IDENTITY_KIND_ACI : courier::v1::IDENTITY_KIND_PNI;
}

Result<bool> runs_low(Courier& courier, OwnIdentity own) {
    courier::v1::ChatRequest request;
    request.mutable_get_key_count()->set_identity(to_link(own));
    const auto reply = NACRE_TRY(courier.chat(request));
    if (reply.status() != 200) return Error{ErrorCode::unavailable, "count pre-keys"};
    const KeyCount count = NACRE_TRY(read_key_count(as_bytes(reply.body())));
    return count.one_time < kMinimum || count.one_time_kyber < kMinimum;
}

// When one-time keys were last uploaded while the vault was open.
Literal uploaded_meta(OwnIdentity own) {
    return own == OwnIdentity::aci ? Literal{"one_time_uploaded.aci"} : Literal{"one_time_uploaded.pni"};
}

Result<bool> uploaded_long_ago(EngineState& state, OwnIdentity own) {
    const std::int64_t now = state.clock.wall_ms();
    const auto then = NACRE_TRY(state.accounts.meta_number(uploaded_meta(own)));
    if (then) return now - *then >= kUploadedForMs;
    // Those of the linking: counted from here.
    NACRE_TRY(state.accounts.set_meta_number(uploaded_meta(own), now));
    return false;
}

// The server has these, and none of before.
Result<void> note_upload(EngineState& state, OwnIdentity own) {
    const std::int64_t now = state.clock.wall_ms();
    NACRE_TRY(state.accounts.set_meta_number(uploaded_meta(own), now));
    return state.protocol.replace_one_time(own, now - kOneTimeForMs, now);
}

// What the uploads that lie with the courier belong to: when they were made, for which login.
Literal ready_meta(OwnIdentity own) {
    return own == OwnIdentity::aci ? Literal{"ready_keys.aci"} : Literal{"ready_keys.pni"};
}

Result<Bytes> ready_stamp(EngineState& state) {
    if (!state.account) return Error{ErrorCode::not_linked, "ready keys"};
    const Digest login = sha256(state.account->password);
    Bytes out{login.begin(), login.end()};
    const auto now = static_cast<std::uint64_t>(state.clock.wall_ms());
    for (int i = 0; i < 8; ++i) out.push_back(static_cast<std::uint8_t>(now >> (8 * i)));
    return out;
}

Result<bool> ready_ones_hold(EngineState& state, OwnIdentity own) {
    const Bytes now = NACRE_TRY(ready_stamp(state));
    const auto then = NACRE_TRY(state.accounts.meta(ready_meta(own)));
    if (!then || then->size() != now.size()) return false;
    const std::size_t login = now.size() - 8;
    if (!equal(ByteView{*then}.first(login), ByteView{now}.first(login))) return false;
    std::uint64_t made = 0;
    for (std::size_t i = 8; i-- > 0;) made = made << 8 | (*then)[login + i];
    const std::int64_t age = state.clock.wall_ms() - static_cast<std::int64_t>(made);
    return age >= 0 && age < kReadyForMs;
}

// The next upload to leave; nothing without that identity.
Result<std::optional<Bytes>> make_ready(EngineState& state, OwnIdentity own) {
    const SignalStores* stores = own == OwnIdentity::aci ? state.aci.get() : state.pni.get();
    if (stores == nullptr) return std::optional<Bytes>{};
    KeysBody body;
    NACRE_TRY(add_one_time(state, own, stores->identity(), body));
    return std::optional{write_keys_body(body)};
}

Result<void> leave_ready_keys_of(Engine& engine, Courier& courier, OwnIdentity own, bool anew) {
    const bool hold = !anew && NACRE_TRY(engine.run([&](EngineState& state) {
        return ready_ones_hold(state, own);
    }));
    const auto left = NACRE_TRY(courier.leave_keys(to_link(own), !hold, {}));
    for (std::uint32_t n = hold ? left : 0; n < kReadyUploads; ++n) {
        const auto body =
            NACRE_TRY(engine.transact([&](EngineState& state) { return make_ready(state, own); }));
        if (!body) return {};
        NACRE_TRY(courier.leave_keys(to_link(own), false, *body));
    }
    if (hold) return {};
    return engine.transact([&](EngineState& state) -> Result<void> {
        return state.accounts.set_meta(ready_meta(own), NACRE_TRY(ready_stamp(state)));
    });
}

}  // namespace

Result<void> leave_ready_keys(Engine& engine, Courier& courier, bool anew) {
    const bool has_pni =
        NACRE_TRY(engine.run([](EngineState& state) -> Result<bool> { return state.pni != nullptr; }));
    NACRE_TRY(leave_ready_keys_of(engine, courier, OwnIdentity::aci, anew));
    if (!has_pni) return {};
    return leave_ready_keys_of(engine, courier, OwnIdentity::pni, anew);
}

Result<LastingKeys> make_lasting_keys(EngineState& state, OwnIdentity own, const signal::KeyPair& identity) {
    const std::int64_t now = state.clock.wall_ms();
    NACRE_TRY(state.protocol.replace_pre_keys(own, PreKeyKind::signed_ec, false, now));
    NACRE_TRY(state.protocol.replace_pre_keys(own, PreKeyKind::kyber, true, now));
    const auto signed_id = NACRE_TRY(state.protocol.take_ids(own, PreKeyKind::signed_ec, 1));
    const auto kyber_id = NACRE_TRY(state.protocol.take_ids(own, PreKeyKind::kyber, 1));
    const auto signed_key =
        NACRE_TRY(signal::make_signed_pre_key(state.host, signed_id.at(0), identity.private_key, now));
    const auto kyber =
        NACRE_TRY(signal::make_kyber_pre_key(state.host, kyber_id.at(0), identity.private_key, now));
    LastingKeys lasting;
    lasting.signed_key = NACRE_TRY(save(state, own, PreKeyKind::signed_ec, signed_key, false));
    lasting.last_resort = NACRE_TRY(save(state, own, PreKeyKind::kyber, kyber, true));
    return lasting;
}

Result<void> refill_pre_keys(Engine& engine, Courier& courier, bool both_now) {
    const bool has_pni =
        NACRE_TRY(engine.run([](EngineState& state) -> Result<bool> { return state.pni != nullptr; }));
    for (const OwnIdentity own : {OwnIdentity::aci, OwnIdentity::pni}) {
        if (own == OwnIdentity::pni && !has_pni) continue;
        const bool due = both_now || NACRE_TRY(engine.transact([&](EngineState& state) {
            return uploaded_long_ago(state, own);
        }));
        const bool one_time = due || NACRE_TRY(runs_low(courier, own));
        // The private halves are durable before the server can give the public ones to anybody.
        const auto body = NACRE_TRY(engine.transact(
            [&](EngineState& state) { return make_refill(state, own, one_time); }));
        if (!body) continue;
        const Bytes json = write_keys_body(*body);
        courier::v1::ChatRequest request;
        request.mutable_put_keys()->set_identity(to_link(own));
        request.mutable_put_keys()->set_body(json.data(), json.size());
        const auto reply = NACRE_TRY(courier.chat(request));
        if (reply.status() == 429) return Error{ErrorCode::rate_limited, "upload pre-keys"};
        if (reply.status() != 200 && reply.status() != 204)
            return Error{ErrorCode::unavailable, "upload pre-keys"};
        if (one_time)
            NACRE_TRY(engine.transact([&](EngineState& state) { return note_upload(state, own); }));
    }
    return {};
}

}  // namespace nacre::vaultd
