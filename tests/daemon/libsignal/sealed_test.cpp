#include "daemon/libsignal/sealed.h"

#include <catch2/catch_test_macros.hpp>

#include "tests/daemon/libsignal/support.h"
#include "tests/support/certificates.h"
#include "tests/support/matchers.h"

namespace nacre::signal {
namespace {

using tests::FailsWith;
using tests::kNow;

constexpr std::int64_t kExpires = kNow + 86'400'000;

struct SealedPair : tests::Pair {
    tests::CertificateAuthority authority{host()};
    Bytes certificate = authority.issue(alice.address, alice.identity().public_key, kExpires);
};

TEST_CASE_METHOD(SealedPair, "sealed sender: a message goes round and tells who sent it",
                 "[libsignal][sealed]") {
    begin();
    const auto message = send(alice, bob, "sealed");
    const auto sealed = seal(host(), alice.stores, bob.address, message, certificate,
                             ContentHint::resendable, as_bytes("a group"))
                            .value();
    const auto content = unseal(host(), bob.stores, sealed).value();
    CHECK(content.sender_certificate == certificate);
    CHECK(content.type == CiphertextType::pre_key);
    CHECK(content.contents == message.bytes);
    CHECK(content.hint == ContentHint::resendable);
    CHECK(content.group_id == to_bytes("a group"));

    const auto sender = parse_sender_certificate(host(), content.sender_certificate).value();
    CHECK(sender.sender == alice.address);
    CHECK(sender.e164 == "+12025550123");
    CHECK(sender.expiration_ms == kExpires);
    CHECK(sender.identity_key == alice.identity().public_key);
    CHECK(decrypt_pre_key(host(), bob.stores, sender.sender, bob.address, content.contents)
              .value() == to_bytes("sealed"));
}

TEST_CASE_METHOD(SealedPair, "sealed sender: a ratchet message without a group goes round",
                 "[libsignal][sealed]") {
    establish();
    const auto message = send(alice, bob, "sealed");
    const auto sealed =
        seal(host(), alice.stores, bob.address, message, certificate, ContentHint::none).value();
    const auto content = unseal(host(), bob.stores, sealed).value();
    CHECK(content.type == CiphertextType::whisper);
    CHECK_FALSE(content.group_id.has_value());
    CHECK(content.hint == ContentHint::none);
}

TEST_CASE_METHOD(SealedPair, "sealed sender: certificates are validated by root and time",
                 "[libsignal][sealed]") {
    const Bytes other = generate_key_pair(host()).value().public_key;
    const std::vector<Bytes> roots{other, authority.trust_root()};
    CHECK(validate(host(), certificate, roots, kNow).value());
    CHECK_FALSE(validate(host(), certificate, roots, kExpires + 1).value());
    CHECK_FALSE(validate(host(), certificate, {&other, 1}, kNow).value());
    CHECK_FALSE(validate(host(), certificate, {}, kNow).value());
    CHECK_THAT(validate(host(), to_bytes("none"), roots, kNow), FailsWith(ErrorCode::bad_message));
}

TEST_CASE_METHOD(SealedPair, "sealed sender: only the destination can open it, undamaged",
                 "[libsignal][sealed]") {
    begin();
    auto sealed = seal(host(), alice.stores, bob.address, send(alice, bob, "sealed"), certificate,
                       ContentHint::none)
                      .value();
    CHECK_THAT(unseal(host(), alice.stores, sealed), FailsWith(ErrorCode::bad_message));
    sealed[sealed.size() / 2] ^= 1;
    CHECK_THAT(unseal(host(), bob.stores, sealed), FailsWith(ErrorCode::bad_message));
    CHECK_THAT(unseal(host(), bob.stores, {}), FailsWith(ErrorCode::bad_message));
}

TEST_CASE_METHOD(SealedPair, "sealed sender: a decryption error can be sealed too",
                 "[libsignal][sealed]") {
    begin();
    const auto original = send(alice, bob, "lost");
    const auto error =
        decryption_error_for_original(host(), original.bytes, original.type, kNow, 1).value();
    const auto sealed = seal(host(), alice.stores, bob.address,
                             plaintext_content(host(), error).value(), certificate,
                             ContentHint::implicit)
                            .value();
    const auto content = unseal(host(), bob.stores, sealed).value();
    CHECK(content.type == CiphertextType::plaintext);
    CHECK(content.hint == ContentHint::implicit);
}

TEST_CASE_METHOD(SealedPair, "sealed sender: bytes out of the outbox seal like a fresh message",
                 "[libsignal][sealed]") {
    establish();
    const auto error =
        decryption_error_for_original(host(), to_bytes("x"), CiphertextType::sender_key, kNow, 1)
            .value();
    std::vector<Ciphertext> messages;
    messages.push_back(send(alice, bob, "ratchet"));
    messages.push_back(plaintext_content(host(), error).value());
    alice.stores.sessions.clear();
    begin();
    messages.push_back(send(alice, bob, "pre-key"));
    for (Ciphertext& message : messages) {
        message.message = nullptr;
        for (const auto hint : {ContentHint::none, ContentHint::resendable, ContentHint::implicit}) {
            const auto sealed = seal(host(), alice.stores, bob.address, message, certificate, hint,
                                     as_bytes("a group"))
                                    .value();
            const auto content = unseal(host(), bob.stores, sealed).value();
            CHECK(content.type == message.type);
            CHECK(content.contents == message.bytes);
            CHECK(content.sender_certificate == certificate);
            CHECK(content.hint == hint);
            CHECK(content.group_id == to_bytes("a group"));
        }
    }
    messages[0].type = static_cast<CiphertextType>(99);
    CHECK_THAT(seal(host(), alice.stores, bob.address, messages[0], certificate, ContentHint::none),
               FailsWith(ErrorCode::invalid_argument));
}

}  // namespace
}  // namespace nacre::signal
