#include "daemon/vaultd/envelope.h"

#include <algorithm>

#include "daemon/libsignal/session.h"
#include "daemon/vaultd/padding.h"
#include "daemon/vaultd/signal_stores.h"

namespace nacre::vaultd {
namespace {

using signal::CiphertextType;
using wire::Envelope;

// The service id in its binary form or, from older servers, as text.
Result<signal::ServiceId> read_service_id(const std::string& binary, const std::string& text) {
    if (!binary.empty()) return signal::ServiceId::from_binary(as_bytes(binary));
    return signal::ServiceId::parse(text);
}

Result<Bytes> unpadded(Result<Bytes> plaintext) {
    Bytes padded = NACRE_TRY(std::move(plaintext));
    const std::size_t length = NACRE_TRY(unpad(padded)).size();
    padded.resize(length);
    return padded;
}

Result<Decrypted> open_unsealed(EngineState& state, SignalStores& stores, const signal::Address& local,
                                const Envelope& envelope, Decrypted out) {
    const auto source =
        NACRE_TRY(read_service_id(envelope.source_service_id_binary(), envelope.source_service_id()));
    out.sender = {source, envelope.source_device_id()};
    if (envelope.type() == Envelope::SERVER_DELIVERY_RECEIPT) {
        out.receipt_only = true;
        return out;
    }
    if (source.kind == signal::ServiceId::Kind::pni)
        return Error{ErrorCode::bad_message, "envelope from a PNI"};
    if (out.sender == state.own_address()) return Error{ErrorCode::rejected, "envelope from this device"};
    const ByteView bytes = as_bytes(envelope.content());
    switch (envelope.type()) {
        case Envelope::PREKEY_MESSAGE:
            out.used_pre_key = true;
            out.content =
                NACRE_TRY(unpadded(signal::decrypt_pre_key(state.host, stores, out.sender, local, bytes)));
            return out;
        case Envelope::DOUBLE_RATCHET:
            if (out.to_pni) return Error{ErrorCode::bad_message, "ratchet message to the PNI"};
            out.content =
                NACRE_TRY(unpadded(signal::decrypt_whisper(state.host, stores, out.sender, local, bytes)));
            return out;
        case Envelope::PLAINTEXT_CONTENT:
            if (out.to_pni) return Error{ErrorCode::bad_message, "plaintext content to the PNI"};
            out.plaintext = true;
            out.content = NACRE_TRY(unpadded(signal::plaintext_content_body(state.host, bytes)));
            return out;
        default: return Error{ErrorCode::bad_message, "envelope type"};
    }
}

Result<Bytes> open_sealed_contents(EngineState& state, SignalStores& stores, const signal::Address& local,
                                   const signal::UnidentifiedContent& content, Decrypted& out) {
    switch (content.type) {
        case CiphertextType::pre_key:
            out.used_pre_key = true;
            return signal::decrypt_pre_key(state.host, stores, out.sender, local, content.contents);
        case CiphertextType::whisper:
            return signal::decrypt_whisper(state.host, stores, out.sender, local, content.contents);
        case CiphertextType::sender_key:
            return signal::group_decrypt(state.host, stores, out.sender, content.contents);
        case CiphertextType::plaintext:
            out.plaintext = true;
            return signal::plaintext_content_body(state.host, content.contents);
    }
    return Error{ErrorCode::bad_message, "sealed contents' type"};
}

Result<Decrypted> open_sealed(EngineState& state, CertificateJudge& judge, SignalStores& stores,
                              const signal::Address& local, const Envelope& envelope, Decrypted out) {
    if (out.to_pni) return Error{ErrorCode::rejected, "sealed message to the PNI"};
    const auto content = NACRE_TRY(signal::unseal(state.host, stores, as_bytes(envelope.content())));
    // A server that sets its clock back must not revive an expired certificate.
    const std::int64_t at = std::max(out.server_ms, NACRE_TRY(state.accounts.last_server_time()));
    const auto certificate = NACRE_TRY(judge.judge(
        state.host, content.sender_certificate, state.account->environment.trust_roots, at));
    out.sealed = true;
    out.sender = certificate.sender;
    if (out.sender == state.own_address()) return Error{ErrorCode::rejected, "envelope from this device"};
    out.content = NACRE_TRY(unpadded(open_sealed_contents(state, stores, local, content, out)));
    return out;
}

}  // namespace

Result<signal::SenderCertificate> CertificateJudge::judge(signal::Host& host, ByteView certificate,
                                                          const std::vector<Bytes>& trust_roots,
                                                          std::int64_t at_ms) {
    auto found = std::find_if(known_.begin(), known_.end(), [&](const Known& known) {
        return equal(known.bytes, certificate) && known.trust_roots == trust_roots;
    });
    if (found == known_.end()) {
        auto parsed = NACRE_TRY(signal::parse_sender_certificate(host, certificate));
        if (!NACRE_TRY(signal::validate(host, certificate, trust_roots, at_ms)))
            return Error{ErrorCode::bad_message, "sender certificate"};
        Known known{to_bytes(certificate), trust_roots, std::move(parsed)};
        if (known_.size() < kMostKnown) {
            known_.push_back(std::move(known));
            found = std::prev(known_.end());
        } else {
            found = known_.begin() + static_cast<std::ptrdiff_t>(next_++ % kMostKnown);
            *found = std::move(known);
        }
    }
    if (found->certificate.expiration_ms < at_ms)
        return Error{ErrorCode::bad_message, "sender certificate has expired"};
    return found->certificate;
}

Result<Envelope> parse_envelope(ByteView bytes) {
    Envelope envelope;
    if (!envelope.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
        return Error{ErrorCode::bad_message, "envelope does not parse"};
    return envelope;
}

ByteView distinct_part(const Envelope& envelope, ByteView bytes) {
    const bool encrypted = envelope.type() != Envelope::PLAINTEXT_CONTENT;
    return encrypted && !envelope.content().empty() ? as_bytes(envelope.content()) : bytes;
}

Result<Decrypted> decrypt_envelope(EngineState& state, CertificateJudge& judge,
                                   const Envelope& envelope) {
    Decrypted out;
    out.client_ms = static_cast<std::int64_t>(envelope.client_timestamp());
    out.server_ms = static_cast<std::int64_t>(envelope.server_timestamp());

    const auto destination = NACRE_TRY(
        read_service_id(envelope.destination_service_id_binary(), envelope.destination_service_id()));
    const bool to_aci = destination == state.own_aci();
    out.to_pni = destination.kind == signal::ServiceId::Kind::pni && state.pni &&
                 state.account->pni == destination.uuid;
    if (!to_aci && !out.to_pni) return Error{ErrorCode::bad_message, "envelope for somebody else"};
    SignalStores& stores = out.to_pni ? *state.pni : *state.aci;
    const signal::Address local{destination, state.account->device_id};
    if (envelope.type() == Envelope::UNIDENTIFIED_SENDER)
        return open_sealed(state, judge, stores, local, envelope, std::move(out));
    return open_unsealed(state, stores, local, envelope, std::move(out));
}

}  // namespace nacre::vaultd
