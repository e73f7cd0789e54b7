#include "daemon/libsignal/session.h"

#include <catch2/catch_test_macros.hpp>

#include "tests/daemon/libsignal/support.h"
#include "tests/support/matchers.h"

namespace nacre::signal {
namespace {

using tests::FailsWith;
using tests::kNow;
using tests::Pair;

TEST_CASE("session: the first message carries a pre-key and the next ones do not",
          "[libsignal][session]") {
    Pair pair;
    pair.begin();

    const auto first = pair.send(pair.alice, pair.bob, "hello");
    CHECK(first.type == CiphertextType::pre_key);
    CHECK(first.registration_id == pair.bob.stores.registration_id().value());
    CHECK(pair.receive(pair.bob, pair.alice, first).value() == to_bytes("hello"));
    CHECK(pair.bob.stores.pre_keys.empty());
    CHECK(pair.bob.stores.kyber_uses.size() == 1);

    const auto answer = pair.send(pair.bob, pair.alice, "hello yourself");
    CHECK(answer.type == CiphertextType::whisper);
    CHECK(answer.registration_id == pair.alice.stores.registration_id().value());
    CHECK(pair.receive(pair.alice, pair.bob, answer).value() == to_bytes("hello yourself"));
    CHECK(pair.send(pair.alice, pair.bob, "again").type == CiphertextType::whisper);
}

TEST_CASE("session: messages arrive out of order", "[libsignal][session]") {
    Pair pair;
    pair.establish();
    const auto first = pair.send(pair.alice, pair.bob, "first");
    const auto second = pair.send(pair.alice, pair.bob, "second");
    CHECK(pair.receive(pair.bob, pair.alice, second).value() == to_bytes("second"));
    CHECK(pair.receive(pair.bob, pair.alice, first).value() == to_bytes("first"));
}

TEST_CASE("session: a message decrypts once", "[libsignal][session]") {
    Pair pair;
    pair.establish();
    const auto message = pair.send(pair.alice, pair.bob, "once");
    REQUIRE(pair.receive(pair.bob, pair.alice, message).ok());
    const auto again = pair.receive(pair.bob, pair.alice, message);
    REQUIRE_THAT(again, FailsWith(ErrorCode::duplicate));
    CHECK(std::string_view{again.error().name} == "DuplicatedMessage");
    CHECK(std::string_view{again.error().where.c_str()} == "SessionCipher_DecryptSignalMessage");
}

TEST_CASE("session: a damaged message and one without a session are bad messages",
          "[libsignal][session]") {
    Pair pair;
    pair.establish();
    auto message = pair.send(pair.alice, pair.bob, "text");
    message.bytes[message.bytes.size() / 2] ^= 1;
    CHECK_THAT(pair.receive(pair.bob, pair.alice, message), FailsWith(ErrorCode::bad_message));
    CHECK_THAT(decrypt_whisper(pair.host(), pair.bob.stores, pair.alice.address, pair.bob.address,
                               to_bytes("no message")),
               FailsWith(ErrorCode::bad_message));

    const auto good = pair.send(pair.alice, pair.bob, "text");
    pair.bob.stores.sessions.clear();
    CHECK_THAT(pair.receive(pair.bob, pair.alice, good), FailsWith(ErrorCode::bad_message));
    CHECK_THAT(encrypt(pair.host(), pair.bob.stores, pair.alice.address, pair.bob.address,
                       to_bytes("x"), kNow),
               FailsWith(ErrorCode::bad_message));
}

TEST_CASE("session: another identity is not trusted", "[libsignal][session]") {
    Pair pair;
    pair.establish();
    tests::Peer mallory{pair.host(), pair.bob.address};
    const auto result = process_pre_key_bundle(pair.host(), pair.alice.stores, pair.bob.address,
                                               pair.alice.address, mallory.make_bundle(), kNow);
    REQUIRE_THAT(result, FailsWith(ErrorCode::untrusted_identity));
    CHECK(std::string_view{result.error().name} == "UntrustedIdentity");
}

TEST_CASE("session: a bundle with a wrong signature is refused", "[libsignal][session]") {
    Pair pair;
    auto bundle = pair.bob.make_bundle();
    bundle.signed_pre_key.signature[7] ^= 1;
    CHECK_THAT(process_pre_key_bundle(pair.host(), pair.alice.stores, pair.bob.address,
                                      pair.alice.address, bundle, kNow),
               FailsWith(ErrorCode::bad_message));
}

TEST_CASE("session: an archived session cannot send", "[libsignal][session]") {
    Pair pair;
    pair.establish();
    auto& record = pair.alice.stores.sessions.at(pair.bob.address);
    const auto before = session_info(pair.host(), record, kNow).value();
    CHECK(before.has_usable_sender_chain);
    CHECK(before.remote_registration_id == pair.bob.stores.registration_id().value());

    const auto late = pair.send(pair.bob, pair.alice, "late");
    record = archive(pair.host(), record).value();
    CHECK_FALSE(session_info(pair.host(), record, kNow).value().has_usable_sender_chain);
    CHECK(pair.receive(pair.alice, pair.bob, late).value() == to_bytes("late"));
}

// A store whose every write fails, with something libsignal knows nothing of.
class FullStores : public tests::MemoryStores {
public:
    using MemoryStores::MemoryStores;
    Result<void> store_session(const Address&, ByteView) override {
        return Error{ErrorCode::disk_full, "write session", 28};
    }
};

TEST_CASE("session: a store's error comes back unchanged", "[libsignal][session]") {
    Pair pair;
    FullStores full{generate_key_pair(pair.host()).value(), 7};
    const auto result = process_pre_key_bundle(pair.host(), full, pair.bob.address,
                                               pair.alice.address, pair.bob.make_bundle(), kNow);
    REQUIRE_THAT(result, FailsWith(ErrorCode::disk_full));
    CHECK(result.error().os_error == 28);
    CHECK(std::string_view{result.error().where.c_str()} == "write session");
}

// A store that calls libsignal itself, in the middle of an operation.
class BusyStores : public tests::MemoryStores {
public:
    BusyStores(Pair& pair, KeyPair identity) : MemoryStores{std::move(identity), 9}, pair_{pair} {}
    Result<void> store_session(const Address& remote, ByteView record) override {
        const auto message = pair_.send(pair_.alice, pair_.bob, "nested");
        nested_ok = pair_.receive(pair_.bob, pair_.alice, message).ok();
        return MemoryStores::store_session(remote, record);
    }
    bool nested_ok = false;

private:
    Pair& pair_;
};

TEST_CASE("session: a store may start another operation", "[libsignal][session]") {
    Pair pair;
    pair.establish();
    BusyStores busy{pair, generate_key_pair(pair.host()).value()};
    tests::Peer carol{pair.host(), tests::address(3)};
    CHECK(process_pre_key_bundle(pair.host(), busy, carol.address, tests::address(4),
                                 carol.make_bundle(), kNow)
              .ok());
    CHECK(busy.nested_ok);
}

TEST_CASE("sender key: what a group encrypts, a member decrypts", "[libsignal][session]") {
    Pair pair;
    constexpr DistributionId kId{1, 2, 3};
    const auto distribution = create_sender_key_distribution(pair.host(), pair.alice.stores,
                                                             pair.alice.address, kId)
                                  .value();
    REQUIRE(process_sender_key_distribution(pair.host(), pair.bob.stores, pair.alice.address,
                                            distribution)
                .ok());
    const auto message = group_encrypt(pair.host(), pair.alice.stores, pair.alice.address, kId,
                                       to_bytes("to all"))
                             .value();
    CHECK(message.type == CiphertextType::sender_key);
    CHECK(group_decrypt(pair.host(), pair.bob.stores, pair.alice.address, message.bytes).value() ==
          to_bytes("to all"));
    pair.bob.stores.sender_keys.clear();
    CHECK_THAT(group_decrypt(pair.host(), pair.bob.stores, pair.alice.address, message.bytes),
               FailsWith(ErrorCode::bad_message));
}

TEST_CASE("decryption error: it names the message and the ratchet key", "[libsignal][session]") {
    Pair pair;
    pair.establish();
    const auto original = pair.send(pair.alice, pair.bob, "lost");
    const auto error = decryption_error_for_original(pair.host(), original.bytes, original.type,
                                                     kNow, pair.alice.address.device)
                           .value();
    const auto parsed = parse_decryption_error(pair.host(), error).value();
    CHECK(parsed.timestamp_ms == kNow);
    CHECK(parsed.device_id == pair.alice.address.device);
    REQUIRE(parsed.ratchet_key.has_value());
    const auto& record = pair.alice.stores.sessions.at(pair.bob.address);
    CHECK(current_ratchet_key_matches(pair.host(), record, *parsed.ratchet_key).value());

    const auto content = plaintext_content(pair.host(), error).value();
    CHECK(content.type == CiphertextType::plaintext);
    const auto body = plaintext_content_body(pair.host(), content.bytes).value();
    CHECK(extract_decryption_error(pair.host(), body).value() == error);
    CHECK_THAT(parse_decryption_error(pair.host(), to_bytes("none")),
               FailsWith(ErrorCode::bad_message));
}

}  // namespace
}  // namespace nacre::signal
