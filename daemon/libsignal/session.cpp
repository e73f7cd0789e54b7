#include "daemon/libsignal/session.h"

#include "daemon/libsignal/address_handle.h"
#include "daemon/libsignal/call.h"
#include "daemon/libsignal/stores_call.h"

namespace nacre::signal {
namespace {

Result<Typed<native::PreKeyBundle>> load_bundle(Host& host, const PreKeyBundle& bundle,
                                                std::uint32_t device) {
    const auto identity = NACRE_TRY(call(host, native::PublicKey_Deserialize, bundle.identity_key));
    const auto signed_key =
        NACRE_TRY(call(host, native::PublicKey_Deserialize, bundle.signed_pre_key.public_key));
    const auto kyber_key =
        NACRE_TRY(call(host, native::KyberPublicKey_Deserialize, bundle.kyber_pre_key.public_key));
    std::optional<double> one_time_id;
    std::optional<Typed<native::PublicKey>> one_time;
    if (bundle.pre_key) {
        one_time_id = bundle.pre_key->id;
        one_time = NACRE_TRY(call(host, native::PublicKey_Deserialize, bundle.pre_key->public_key));
    }
    return call(host, native::PreKeyBundle_New, bundle.registration_id, device, one_time_id,
                one_time, bundle.signed_pre_key.id, signed_key, bundle.signed_pre_key.signature,
                identity, bundle.kyber_pre_key.id, kyber_key, bundle.kyber_pre_key.signature);
}

Result<Typed<native::SessionRecord>> load_record(Host& host, ByteView record) {
    return call(host, native::SessionRecord_Deserialize, record);
}

}  // namespace

Result<Ciphertext> make_ciphertext(Host& host, Typed<native::CiphertextMessage> message,
                                   std::uint32_t registration_id) {
    const auto type = NACRE_TRY(call(host, native::CiphertextMessage_Type, message));
    auto bytes = NACRE_TRY(call(host, native::CiphertextMessage_Serialize, message));
    return Ciphertext{static_cast<CiphertextType>(type), std::move(bytes), registration_id,
                      std::make_shared<const Handle>(std::move(message).untyped())};
}

Result<void> process_pre_key_bundle(Host& host, Stores& stores, const Address& remote,
                                    const Address& local, const PreKeyBundle& bundle,
                                    std::int64_t now_ms) {
    const auto handle = NACRE_TRY(load_bundle(host, bundle, remote.device));
    const auto remote_handle = NACRE_TRY(address_handle(host, remote));
    const auto local_handle = NACRE_TRY(address_handle(host, local));
    StoresCall operation{host, stores};
    return operation.finish(call(host, native::SessionBuilder_ProcessPreKeyBundle, handle,
                                 remote_handle, local_handle, operation.object(),
                                 operation.object(), now_ms));
}

Result<Ciphertext> encrypt(Host& host, Stores& stores, const Address& remote,
                           const Address& local, ByteView plaintext, std::int64_t now_ms) {
    const auto remote_handle = NACRE_TRY(address_handle(host, remote));
    const auto local_handle = NACRE_TRY(address_handle(host, local));
    StoresCall operation{host, stores};
    auto message = NACRE_TRY(operation.finish(
        call(host, native::SessionCipher_EncryptMessage, plaintext, remote_handle, local_handle,
             operation.object(), operation.object(), now_ms)));
    return make_ciphertext(host, std::move(message), operation.remote_registration_id);
}

Result<Bytes> decrypt_whisper(Host& host, Stores& stores, const Address& remote,
                              const Address& local, ByteView message) {
    const auto handle = NACRE_TRY(call(host, native::SignalMessage_Deserialize, message));
    const auto remote_handle = NACRE_TRY(address_handle(host, remote));
    const auto local_handle = NACRE_TRY(address_handle(host, local));
    StoresCall operation{host, stores};
    return operation.finish(call(host, native::SessionCipher_DecryptSignalMessage, handle,
                                 remote_handle, local_handle, operation.object(),
                                 operation.object()));
}

Result<Bytes> decrypt_pre_key(Host& host, Stores& stores, const Address& remote,
                              const Address& local, ByteView message) {
    const auto handle = NACRE_TRY(call(host, native::PreKeySignalMessage_Deserialize, message));
    const auto remote_handle = NACRE_TRY(address_handle(host, remote));
    const auto local_handle = NACRE_TRY(address_handle(host, local));
    StoresCall operation{host, stores};
    return operation.finish(call(host, native::SessionCipher_DecryptPreKeySignalMessage, handle,
                                 remote_handle, local_handle, operation.object(),
                                 operation.object(), operation.object(), operation.object(),
                                 operation.object()));
}

Result<SessionInfo> session_info(Host& host, ByteView record, std::int64_t now_ms) {
    const auto handle = NACRE_TRY(load_record(host, record));
    SessionInfo info;
    info.has_usable_sender_chain =
        NACRE_TRY(call(host, native::SessionRecord_HasUsableSenderChain, handle, now_ms));
    // Fails where there is no current state.
    const auto registration =
        call(host, native::SessionRecord_GetRemoteRegistrationId, handle);
    if (registration) info.remote_registration_id = static_cast<std::uint32_t>(*registration);
    return info;
}

Result<Bytes> archive(Host& host, ByteView record) {
    const auto handle = NACRE_TRY(load_record(host, record));
    NACRE_TRY(call(host, native::SessionRecord_ArchiveCurrentState, handle));
    return call(host, native::SessionRecord_Serialize, handle);
}

Result<bool> current_ratchet_key_matches(Host& host, ByteView record, ByteView ratchet_key) {
    const auto handle = NACRE_TRY(load_record(host, record));
    const auto key = NACRE_TRY(call(host, native::PublicKey_Deserialize, ratchet_key));
    return call(host, native::SessionRecord_CurrentRatchetKeyMatches, handle, key);
}

}  // namespace nacre::signal
