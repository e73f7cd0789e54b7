#include "daemon/libsignal/sealed.h"

#include <vector>

#include "daemon/libsignal/address_handle.h"
#include "daemon/libsignal/call.h"
#include "daemon/libsignal/stores_call.h"
#include "signal/signal.pb.h"

namespace nacre::signal {

Result<UnidentifiedContent> unseal(Host& host, Stores& stores, ByteView message) {
    StoresCall operation{host, stores};
    const auto content = NACRE_TRY(operation.finish(
        call(host, native::SealedSender_DecryptToUsmc, message, operation.object())));
    const auto certificate =
        NACRE_TRY(call(host, native::UnidentifiedSenderMessageContent_GetSenderCert, content));
    const auto type =
        NACRE_TRY(call(host, native::UnidentifiedSenderMessageContent_GetMsgType, content));
    const auto hint =
        NACRE_TRY(call(host, native::UnidentifiedSenderMessageContent_GetContentHint, content));
    auto bytes = NACRE_TRY(call(host, native::SenderCertificate_GetSerialized, certificate));
    auto contents =
        NACRE_TRY(call(host, native::UnidentifiedSenderMessageContent_GetContents, content));
    auto group_id =
        NACRE_TRY(call(host, native::UnidentifiedSenderMessageContent_GetGroupId, content));
    return UnidentifiedContent{std::move(bytes), static_cast<CiphertextType>(type),
                               std::move(contents), static_cast<ContentHint>(hint),
                               std::move(group_id)};
}

Result<SenderCertificate> parse_sender_certificate(Host& host, ByteView certificate) {
    const auto handle = NACRE_TRY(call(host, native::SenderCertificate_Deserialize, certificate));
    const auto key = NACRE_TRY(call(host, native::SenderCertificate_GetKey, handle));
    SenderCertificate parsed;
    const auto uuid = NACRE_TRY(call(host, native::SenderCertificate_GetSenderUuid, handle));
    parsed.sender.service = NACRE_TRY(ServiceId::parse(uuid));
    if (parsed.sender.service.kind != ServiceId::Kind::aci) {
        return Error{ErrorCode::bad_message, "sender certificate's service id"};
    }
    parsed.sender.device = static_cast<std::uint32_t>(
        NACRE_TRY(call(host, native::SenderCertificate_GetDeviceId, handle)));
    parsed.e164 = NACRE_TRY(call(host, native::SenderCertificate_GetSenderE164, handle));
    parsed.expiration_ms = NACRE_TRY(call(host, native::SenderCertificate_GetExpiration, handle));
    parsed.identity_key = NACRE_TRY(call(host, native::PublicKey_Serialize, key));
    return parsed;
}

Result<bool> validate(Host& host, ByteView certificate, std::span<const Bytes> trust_roots,
                      std::int64_t at_ms) {
    const auto handle = NACRE_TRY(call(host, native::SenderCertificate_Deserialize, certificate));
    std::vector<Typed<native::PublicKey>> roots;
    for (const Bytes& root : trust_roots) {
        roots.push_back(NACRE_TRY(call(host, native::PublicKey_Deserialize, root)));
    }
    return call(host, native::SenderCertificate_Validate, handle, roots, at_ms);
}

namespace {

// Fails on a number that is none of them: types come out of the vault too.
Result<wire::UnidentifiedSenderContent::Type> wire_type(CiphertextType type) {
    using Wire = wire::UnidentifiedSenderContent;
    switch (type) {
        case CiphertextType::pre_key: return Wire::PREKEY_MESSAGE;
        case CiphertextType::whisper: return Wire::MESSAGE;
        case CiphertextType::sender_key: return Wire::SENDERKEY_MESSAGE;
        case CiphertextType::plaintext: return Wire::PLAINTEXT_CONTENT;
    }
    return Error{ErrorCode::invalid_argument, "type of a ciphertext"};
}

// libsignal takes a ciphertext message only from its own hands. One that comes back from the
// outbox as bytes goes in as the serialized content.
Result<Typed<native::UnidentifiedSenderMessageContent>> make_content(
    Host& host, const Ciphertext& content, ByteView own_certificate, ContentHint hint,
    const std::optional<ByteView>& group_id) {
    if (content.message != nullptr) {
        const Typed<native::CiphertextMessage> message{content.message->value()};
        const auto certificate =
            NACRE_TRY(call(host, native::SenderCertificate_Deserialize, own_certificate));
        return call(host, native::UnidentifiedSenderMessageContent_New, message, certificate,
                    static_cast<double>(hint), group_id);
    }
    wire::UnidentifiedSenderContent serialized;
    serialized.set_type(NACRE_TRY(wire_type(content.type)));
    serialized.set_sender_certificate(own_certificate.data(), own_certificate.size());
    serialized.set_content(content.bytes.data(), content.bytes.size());
    if (hint != ContentHint::none) {
        serialized.set_content_hint(static_cast<std::uint32_t>(hint));
    }
    if (group_id) serialized.set_group_id(group_id->data(), group_id->size());
    const std::string bytes = serialized.SerializeAsString();
    return call(host, native::UnidentifiedSenderMessageContent_Deserialize, as_bytes(bytes));
}

}  // namespace

Result<Bytes> seal(Host& host, Stores& stores, const Address& destination,
                   const Ciphertext& content, ByteView own_certificate, ContentHint hint,
                   std::optional<ByteView> group_id) {
    const auto inner = NACRE_TRY(make_content(host, content, own_certificate, hint, group_id));
    const auto address = NACRE_TRY(address_handle(host, destination));
    StoresCall operation{host, stores};
    return operation.finish(
        call(host, native::SealedSender_Encrypt, address, inner, operation.object()));
}

}  // namespace nacre::signal
