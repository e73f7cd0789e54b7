// Sender keys and decryption errors: the rest of session.h.
#include "daemon/libsignal/address_handle.h"
#include "daemon/libsignal/call.h"
#include "daemon/libsignal/session.h"
#include "daemon/libsignal/stores_call.h"

namespace nacre::signal {

Result<void> process_sender_key_distribution(Host& host, Stores& stores, const Address& sender,
                                             ByteView message) {
    const auto handle =
        NACRE_TRY(call(host, native::SenderKeyDistributionMessage_Deserialize, message));
    const auto sender_handle = NACRE_TRY(address_handle(host, sender));
    StoresCall operation{host, stores};
    return operation.finish(call(host, native::SenderKeyDistributionMessage_Process, sender_handle,
                                 handle, operation.object()));
}

Result<Bytes> group_decrypt(Host& host, Stores& stores, const Address& sender, ByteView message) {
    const auto sender_handle = NACRE_TRY(address_handle(host, sender));
    StoresCall operation{host, stores};
    return operation.finish(call(host, native::GroupCipher_DecryptMessage, sender_handle, message,
                                 operation.object()));
}

Result<Ciphertext> group_encrypt(Host& host, Stores& stores, const Address& local,
                                 const DistributionId& id, ByteView plaintext) {
    const auto local_handle = NACRE_TRY(address_handle(host, local));
    StoresCall operation{host, stores};
    auto message =
        NACRE_TRY(operation.finish(call(host, native::GroupCipher_EncryptMessage, local_handle, id,
                                        plaintext, operation.object())));
    return make_ciphertext(host, std::move(message), 0);
}

Result<Bytes> create_sender_key_distribution(Host& host, Stores& stores, const Address& local,
                                             const DistributionId& id) {
    const auto local_handle = NACRE_TRY(address_handle(host, local));
    StoresCall operation{host, stores};
    const auto message =
        NACRE_TRY(operation.finish(call(host, native::SenderKeyDistributionMessage_Create,
                                        local_handle, id, operation.object())));
    return call(host, native::SenderKeyDistributionMessage_Serialize, message);
}

Result<Bytes> decryption_error_for_original(Host& host, ByteView original, CiphertextType type,
                                            std::int64_t timestamp_ms, std::uint32_t device_id) {
    const auto message =
        NACRE_TRY(call(host, native::DecryptionErrorMessage_ForOriginalMessage, original,
                       static_cast<double>(type), timestamp_ms, device_id));
    return call(host, native::DecryptionErrorMessage_Serialize, message);
}

Result<DecryptionError> parse_decryption_error(Host& host, ByteView message) {
    const auto handle = NACRE_TRY(call(host, native::DecryptionErrorMessage_Deserialize, message));
    DecryptionError error;
    error.timestamp_ms = NACRE_TRY(call(host, native::DecryptionErrorMessage_GetTimestamp, handle));
    error.device_id = static_cast<std::uint32_t>(
        NACRE_TRY(call(host, native::DecryptionErrorMessage_GetDeviceId, handle)));
    const auto key = NACRE_TRY(call(host, native::DecryptionErrorMessage_GetRatchetKey, handle));
    if (key) error.ratchet_key = NACRE_TRY(call(host, native::PublicKey_Serialize, *key));
    return error;
}

Result<Ciphertext> plaintext_content(Host& host, ByteView decryption_error) {
    const auto error =
        NACRE_TRY(call(host, native::DecryptionErrorMessage_Deserialize, decryption_error));
    const auto content =
        NACRE_TRY(call(host, native::PlaintextContent_FromDecryptionErrorMessage, error));
    auto message = NACRE_TRY(call(host, native::CiphertextMessage_FromPlaintextContent, content));
    return make_ciphertext(host, std::move(message), 0);
}

Result<Bytes> plaintext_content_body(Host& host, ByteView message) {
    const auto content = NACRE_TRY(call(host, native::PlaintextContent_Deserialize, message));
    return call(host, native::PlaintextContent_GetBody, content);
}

Result<Bytes> extract_decryption_error(Host& host, ByteView body) {
    const auto error =
        NACRE_TRY(call(host, native::DecryptionErrorMessage_ExtractFromSerializedContent, body));
    return call(host, native::DecryptionErrorMessage_Serialize, error);
}

}  // namespace nacre::signal
