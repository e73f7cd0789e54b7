#include "daemon/libsignal/stores_call.h"

#include <algorithm>

#include "daemon/libsignal/call.h"

namespace nacre::signal {
namespace {

using Answer = Result<napi::Value*>;

// One call of one method.
struct Method {
    StoresCall& operation;
    const napi::Call& call;

    Host& host() const { return operation.host(); }
    Stores& stores() const { return operation.stores(); }

    // Holds `value` until libsignal has read it.
    napi::Value* answer(napi::Value* value) const {
        return host().library().resolved(value);
    }
    napi::Value* nothing() const { return answer(call.environment.undefined()); }
    napi::Value* none_there() const { return answer(call.environment.null()); }
    napi::Value* number(std::uint32_t number) const {
        return answer(call.environment.make<napi::Number>(number));
    }

    Result<std::uint32_t> id(std::size_t index) const {
        auto* number = napi::as<napi::Number>(call.argument(index), napi::Kind::number);
        if (number == nullptr || !(number->value >= 0 && number->value <= 0xFFFFFFFFU)) {
            return Error{ErrorCode::internal, "store: number expected", 0, "TypeError"};
        }
        return static_cast<std::uint32_t>(number->value);
    }

    template <class T>
    Result<Typed<T>> handle(std::size_t index) const {
        return converted<native::Out<T>>(call.argument(index), "store: handle expected");
    }

    Result<Address> address() const {
        const auto parameter = NACRE_TRY(handle<native::ProtocolAddress>(0));
        const auto name = NACRE_TRY(signal::call(host(), native::ProtocolAddress_Name, parameter));
        const auto device =
            NACRE_TRY(signal::call(host(), native::ProtocolAddress_DeviceId, parameter));
        return Address{NACRE_TRY(ServiceId::parse(name)), static_cast<std::uint32_t>(device)};
    }

    Result<Bytes> public_key(std::size_t index) const {
        const auto key = NACRE_TRY(handle<native::PublicKey>(index));
        return signal::call(host(), native::PublicKey_Serialize, key);
    }

    // A record out of the store: as libsignal's object, or null.
    template <class Function>
    Answer record(Result<std::optional<Bytes>> loaded, const Function& deserialize) const {
        const auto bytes = NACRE_TRY(std::move(loaded));
        if (!bytes) return none_there();
        return answer(NACRE_TRY(signal::call(host(), deserialize, *bytes)).value());
    }

    Result<DistributionId> distribution_id() const {
        const auto bytes =
            NACRE_TRY(converted<native::Buffer>(call.argument(1), "store: id expected"));
        DistributionId id{};
        if (bytes.size() != id.size()) return Error{ErrorCode::internal, "store: id of 16 bytes"};
        std::ranges::copy(bytes, id.begin());
        return id;
    }
};

Answer load_session(const Method& m) {
    const auto address = NACRE_TRY(m.address());
    return m.record(m.stores().load_session(address), native::SessionRecord_Deserialize);
}

Answer store_session(const Method& m) {
    const auto address = NACRE_TRY(m.address());
    const auto record = NACRE_TRY(m.handle<native::SessionRecord>(1));
    const auto bytes = NACRE_TRY(call(m.host(), native::SessionRecord_Serialize, record));
    const auto registration =
        NACRE_TRY(call(m.host(), native::SessionRecord_GetRemoteRegistrationId, record));
    m.operation.remote_registration_id = static_cast<std::uint32_t>(registration);
    NACRE_TRY(m.stores().store_session(address, bytes));
    return m.nothing();
}

Answer identity_key_pair(const Method& m) {
    const KeyPair* pair = NACRE_TRY(m.stores().identity_key_pair());
    const auto private_key =
        NACRE_TRY(call(m.host(), native::PrivateKey_Deserialize, pair->private_key.view()));
    const auto public_key =
        NACRE_TRY(call(m.host(), native::PublicKey_Deserialize, pair->public_key));
    auto* both = m.call.environment.make<napi::Array>();
    both->elements = {private_key.value(), public_key.value()};
    return m.answer(both);
}

Answer registration_id(const Method& m) {
    return m.number(NACRE_TRY(m.stores().registration_id()));
}

Answer load_identity(const Method& m) {
    const auto address = NACRE_TRY(m.address());
    return m.record(m.stores().load_identity(address), native::PublicKey_Deserialize);
}

Answer save_identity(const Method& m) {
    const auto address = NACRE_TRY(m.address());
    const auto key = NACRE_TRY(m.public_key(1));
    return m.number(static_cast<std::uint32_t>(NACRE_TRY(m.stores().save_identity(address, key))));
}

Answer is_trusted(const Method& m) {
    const auto address = NACRE_TRY(m.address());
    const auto key = NACRE_TRY(m.public_key(1));
    const auto direction = NACRE_TRY(m.id(2)) == 0 ? Direction::sending : Direction::receiving;
    return m.answer(m.call.environment.boolean(
        NACRE_TRY(m.stores().is_trusted(address, key, direction))));
}

Answer load_pre_key(const Method& m) {
    const auto id = NACRE_TRY(m.id(0));
    return m.record(m.stores().load_pre_key(id), native::PreKeyRecord_Deserialize);
}

Answer remove_pre_key(const Method& m) {
    const auto id = NACRE_TRY(m.id(0));
    NACRE_TRY(m.stores().remove_pre_key(id));
    return m.nothing();
}

Answer load_signed_pre_key(const Method& m) {
    const auto id = NACRE_TRY(m.id(0));
    return m.record(m.stores().load_signed_pre_key(id), native::SignedPreKeyRecord_Deserialize);
}

Answer load_kyber_pre_key(const Method& m) {
    const auto id = NACRE_TRY(m.id(0));
    return m.record(m.stores().load_kyber_pre_key(id), native::KyberPreKeyRecord_Deserialize);
}

Answer mark_kyber_used(const Method& m) {
    const auto id = NACRE_TRY(m.id(0));
    const auto ec_id = NACRE_TRY(m.id(1));
    const auto base_key = NACRE_TRY(m.public_key(2));
    NACRE_TRY(m.stores().mark_kyber_used(id, ec_id, base_key));
    return m.nothing();
}

Answer load_sender_key(const Method& m) {
    const auto address = NACRE_TRY(m.address());
    const auto id = NACRE_TRY(m.distribution_id());
    return m.record(m.stores().load_sender_key(address, id), native::SenderKeyRecord_Deserialize);
}

Answer store_sender_key(const Method& m) {
    const auto address = NACRE_TRY(m.address());
    const auto id = NACRE_TRY(m.distribution_id());
    const auto record = NACRE_TRY(m.handle<native::SenderKeyRecord>(2));
    const auto bytes = NACRE_TRY(call(m.host(), native::SenderKeyRecord_Serialize, record));
    NACRE_TRY(m.stores().store_sender_key(address, id, bytes));
    return m.nothing();
}

// libsignal stores pre-keys only for a protocol of its own making: never while it decrypts.
Answer not_called(const Method&) {
    return Error{ErrorCode::unsupported, "store: libsignal stores a pre-key"};
}

template <Answer (*method)(const Method&)>
napi::Value* enter(const napi::Call& call) {
    auto* self = napi::as<napi::Object>(call.self, napi::Kind::object);
    if (self == nullptr || self->host_data == nullptr) {
        call.environment.throw_error("store: the operation is over");
        return nullptr;
    }
    auto& operation = *static_cast<StoresCall*>(self->host_data);
    auto answer = method(Method{operation, call});
    if (answer) return *answer;
    operation.fail(answer.error());
    call.environment.throw_error("store: failed");
    return nullptr;
}

}  // namespace

StoresCall::StoresCall(Host& host, Stores& stores)
    : host_{host},
      stores_{stores},
      object_{new napi::Object{host.library().environment()}} {
    object_->set_prototype(host.library().stores_prototype());
    object_->host_data = this;
}

napi::Object* make_stores_prototype(napi::Environment& environment) {
    auto* methods = environment.make<napi::Object>();
    const auto add = [&](const char* name, napi::Value* (*function)(const napi::Call&)) {
        methods->set(name, environment.make_function(function));
    };
    add("loadSession", enter<load_session>);
    add("storeSession", enter<store_session>);
    add("getLocalIdentityKeyPair", enter<identity_key_pair>);
    add("getLocalRegistrationId", enter<registration_id>);
    add("getIdentityKey", enter<load_identity>);
    add("saveIdentityKey", enter<save_identity>);
    add("isTrustedIdentity", enter<is_trusted>);
    add("loadPreKey", enter<load_pre_key>);
    add("storePreKey", enter<not_called>);
    add("removePreKey", enter<remove_pre_key>);
    add("loadSignedPreKey", enter<load_signed_pre_key>);
    add("storeSignedPreKey", enter<not_called>);
    add("loadKyberPreKey", enter<load_kyber_pre_key>);
    add("storeKyberPreKey", enter<not_called>);
    add("markKyberPreKeyUsed", enter<mark_kyber_used>);
    add("loadSenderKey", enter<load_sender_key>);
    add("storeSenderKey", enter<store_sender_key>);
    return methods;
}

}  // namespace nacre::signal
