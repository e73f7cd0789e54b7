// StoreFixture: a migrated database, one transaction open, with ourselves, Bob and a conversation.
#pragma once

#include <catch2/catch_test_macros.hpp>
#include <string_view>

#include "tests/support/temp_dir.h"
#include "vault/conversation_store.h"
#include "vault/message_store.h"
#include "vault/migrations.h"
#include "vault/recipient_store.h"

namespace nacre::tests {

inline vault::Uuid uuid(std::uint8_t fill) {
    vault::Uuid out;
    out.fill(fill);
    return out;
}

inline constexpr std::int64_t kNow = 1'790'000'000'000;

struct StoreFixture {
    TempDir dir;
    Secret<32> key = *Secret<32>::random();
    vault::Database database =
        *vault::Database::open(dir / "test.db", key, vault::Database::Mode::create);
    vault::Transaction transaction = begin();
    vault::RecipientStore recipients{database};
    vault::ConversationStore conversations{database};
    vault::MessageStore messages{database};
    vault::RecipientRow self = *recipients.ensure_self(uuid(1), uuid(2), "+491510000001");
    vault::RecipientRow bob = *recipients.ensure(uuid(3), "+491510000003");
    vault::ConversationRow with_bob = *conversations.ensure_recipient(bob.row);

    vault::Transaction begin() {
        REQUIRE(vault::migrate(database, vault::migrations()).ok());
        return *vault::Transaction::begin(database);
    }

    vault::NewMessage incoming(std::string_view body, std::int64_t sent_ms = kNow) {
        return {
            .conversation = with_bob.row,
            .author = bob.row,
            .author_device = 1,
            .sent_ms = sent_ms,
            .server_ms = sent_ms + 10,
            .received_ms = sent_ms + 20,
            .body = body,
            .content = as_bytes(body),
            .client_request_id = {},
        };
    }

    vault::NewMessage outgoing(std::string_view body, std::int64_t sent_ms = kNow) {
        vault::NewMessage message = incoming(body, sent_ms);
        message.author = self.row;
        message.direction = vault::Direction::outgoing;
        message.state = vault::MessageState::pending;
        return message;
    }

    std::int64_t number(Literal sql) {
        auto row = *database.prepare(sql);
        REQUIRE(row.step().value());
        return row.integer(0);
    }
};

}  // namespace nacre::tests
