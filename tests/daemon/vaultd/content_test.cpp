// Goal: what a message says is in the vault afterwards, byte for byte where nacre does not know it, and
// nobody but our own devices tells us what our account is.
#include "daemon/vaultd/content.h"

#include <catch2/catch_test_macros.hpp>

#include "tests/support/engine_fixture.h"

namespace nacre::vaultd {
namespace {

constexpr std::int64_t kSent = 1'790'000'000'000;
constexpr std::uint32_t kDevice = 3;

struct Fixture : tests::EngineFixture {
    signal::Address phone{state().own_aci(), 1};
    signal::Address bob{{signal::ServiceId::Kind::aci, filled(0x77)}, kDevice};
    std::int64_t sent_ms = kSent;

    static vault::Uuid filled(std::uint8_t fill) {
        vault::Uuid out;
        out.fill(fill);
        return out;
    }

    Result<void> apply(const signal::Address& from, const wire::Content& content) {
        Decrypted message;
        message.sender = from;
        message.client_ms = sent_ms++;
        message.content = to_bytes(content.SerializeAsString());
        auto transaction = NACRE_TRY(vault::Transaction::begin(state().database));
        BatchEffects effects;
        NACRE_TRY(apply_content(state(), message, kSent, effects));
        NACRE_TRY(transaction.commit());
        return state().reload_account();
    }

    std::vector<vault::MessageRow> messages_with(const signal::Address& other) {
        auto transaction = must(vault::Transaction::begin(state().database));
        const auto recipient = must(state().recipients.ensure(to_vault(other.service)));
        const auto conversation = must(state().conversations.ensure_recipient(recipient.row));
        return must(state().messages.list(conversation.id, {})).messages;
    }

    // The only message with `other` is not understood, and is what was sent.
    void check_kept(const signal::Address& other, const wire::Content& content) {
        const auto messages = messages_with(other);
        REQUIRE(messages.size() == 1);
        CHECK(messages[0].kind == vault::MessageKind::unsupported);
        CHECK(messages[0].body.empty());
        CHECK(must(state().messages.content(messages[0].order)) == to_bytes(content.SerializeAsString()));
    }
};

wire::Content keys_content(std::string_view pool) {
    wire::Content content;
    auto& keys = *content.mutable_sync_message()->mutable_keys();
    keys.set_account_entropy_pool(pool.data(), pool.size());
    keys.set_media_root_backup_key(std::string(32, 'm'));
    return content;
}

TEST_CASE("content: the phone's answer about keys is stored", "[vaultd][content]") {
    Fixture f;
    const std::string pool = "0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqr";
    REQUIRE(f.state().account->master_key.empty());
    REQUIRE(f.apply(f.phone, keys_content(pool)).ok());
    const auto derived = Fixture::must(signal::derive_master_key(f.state().host, pool));
    CHECK(f.state().account->account_entropy_pool == pool);
    CHECK(equal(f.state().account->master_key, derived.view()));
    CHECK(f.state().account->media_root_backup_key == Bytes(32, 'm'));
}

TEST_CASE("content: keys of somebody else's, and such as are none, are refused", "[vaultd][content]") {
    Fixture f;
    const std::string pool(64, 'a');
    const auto foreign = f.apply(f.bob, keys_content(pool));
    REQUIRE_FALSE(foreign.ok());
    CHECK(foreign.error().code == ErrorCode::bad_message);
    const auto none = f.apply(f.phone, keys_content("no pool"));
    REQUIRE_FALSE(none.ok());
    CHECK(none.error().code == ErrorCode::bad_message);
    REQUIRE(f.state().reload_account().ok());
    CHECK(f.state().account->account_entropy_pool.empty());
    CHECK(f.state().account->master_key.empty());
}

TEST_CASE("content: what is not understood is kept as it came", "[vaultd][content]") {
    Fixture f;
    wire::Content content;
    SECTION("a reaction") {
        content.mutable_data_message()->set_timestamp(kSent);
        content.mutable_data_message()->set_reaction("reaction");
    }
    SECTION("a data message of a later Signal") {
        content.mutable_data_message()->set_timestamp(kSent);
        content.mutable_data_message()->set_required_protocol_version(99);
        content.mutable_data_message()->mutable_unknown_fields()->append("\xfa\xff\x03\x03new", 7);
    }
    SECTION("a call that rings") {
        content.mutable_call_message()->set_offer("offer");
        content.mutable_call_message()->mutable_unknown_fields()->append("\xfa\xff\x03\x03new", 7);
    }
    SECTION("a story") {
        content.mutable_story_message()->mutable_unknown_fields()->append("\x22\x05story", 7);
    }
    SECTION("a message of a kind that there is not yet") {
        content.mutable_unknown_fields()->append("\xfa\xff\x03\x03new", 7);
    }
    REQUIRE(f.apply(f.bob, content).ok());
    f.check_kept(f.bob, content);
}

TEST_CASE("content: a story that another own device told is kept", "[vaultd][content]") {
    Fixture f;
    wire::Content content;
    auto& sent = *content.mutable_sync_message()->mutable_sent();
    sent.set_timestamp(kSent);
    sent.mutable_story_message()->mutable_unknown_fields()->append("\x22\x05story", 7);
    REQUIRE(f.apply(f.phone, content).ok());
    // Told again for those who were added.
    REQUIRE(f.apply(f.phone, content).ok());
    f.check_kept(f.phone, content);
    CHECK(f.messages_with(f.phone)[0].direction == vault::Direction::outgoing);
}

TEST_CASE("content: what means nothing afterwards leaves nothing", "[vaultd][content]") {
    Fixture f;
    wire::Content content;
    SECTION("typing") { content.mutable_typing_message(); }
    SECTION("null") { content.mutable_null_message(); }
    SECTION("the rest of a call") {
        content.mutable_call_message()->mutable_unknown_fields()->append("\x1a\x03ice", 5);
    }
    REQUIRE(f.apply(f.bob, content).ok());
    CHECK(f.messages_with(f.bob).empty());
}

TEST_CASE("content: a sender's requests to end the session are limited", "[vaultd][content]") {
    Fixture f;
    const auto has_session = [&](const signal::Address& with) {
        return Fixture::must(f.state().protocol.session(vault::OwnIdentity::aci, to_vault(with.service),
                                                        with.device)).has_value();
    };
    const auto end_session = [&](const signal::Address& from) {
        {
            auto transaction = Fixture::must(vault::Transaction::begin(f.state().database));
            REQUIRE(f.state().protocol.save_session(vault::OwnIdentity::aci, to_vault(from.service),
                                                    from.device, as_bytes("session")).ok());
            REQUIRE(transaction.commit().ok());
        }
        wire::Content content;
        content.mutable_data_message()->set_timestamp(static_cast<std::uint64_t>(f.sent_ms));
        content.mutable_data_message()->set_flags(wire::DataMessage::END_SESSION);
        REQUIRE(f.apply(from, content).ok());
        return !has_session(from);
    };
    for (int i = 0; i < ResetLimit::kMost; ++i) CHECK(end_session(f.bob));
    CHECK_FALSE(end_session(f.bob));
    // Another device of the same sender's does not get more, another sender does.
    CHECK_FALSE(end_session({f.bob.service, kDevice + 1}));
    CHECK(end_session({{signal::ServiceId::Kind::aci, Fixture::filled(0x78)}, 1}));
}

}  // namespace
}  // namespace nacre::vaultd
