#include "vault/message_store.h"

#include "tests/support/matchers.h"
#include "tests/vault/store_fixture.h"
#include "vault/outbox_store.h"
#include "vault/search.h"

namespace nacre::vault {
namespace {

using tests::FailsWith;
using tests::kNow;
using tests::StoreFixture;
using tests::uuid;

TEST_CASE("message store: gives back what was inserted", "[vault][message_store]") {
    StoreFixture f;
    const auto ref = *f.messages.insert(f.incoming("hello"));
    const auto row = *f.messages.find(ref.id).value();
    CHECK(row.order == ref.order);
    CHECK(row.conversation_id == f.with_bob.id);
    CHECK(row.author == f.bob.row);
    CHECK(row.author_device == 1);
    CHECK(row.direction == Direction::incoming);
    CHECK(row.state == MessageState::received);
    CHECK(row.kind == MessageKind::text);
    CHECK(row.sent_ms == kNow);
    CHECK(row.server_ms == kNow + 10);
    CHECK(row.received_ms == kNow + 20);
    CHECK(row.read_ms == 0);
    CHECK(row.body == "hello");
    CHECK(row.failure.empty());
    CHECK(f.messages.content(ref.order).value() == to_bytes("hello"));
    CHECK(f.messages.find(ref.order).value()->id == ref.id);
    CHECK_FALSE(f.messages.find(Id::random()).value());
    CHECK(*f.messages.count() == 1);
    NewMessage nowhere = f.incoming("x");
    nowhere.conversation = 99;
    CHECK_THAT(f.messages.insert(nowhere), FailsWith(ErrorCode::not_found));
}

TEST_CASE("message store: keeps any bytes of text", "[vault][message_store]") {
    StoreFixture f;
    const std::string body{"a\0b\xff\xc3", 5};
    const auto ref = *f.messages.insert(f.incoming(body));
    CHECK(f.messages.find(ref.id).value()->body == body);
    REQUIRE(Search{f.database}.index_new().ok());
    CHECK(f.messages.remove(ref.id).ok());
}

TEST_CASE("message store: order rises even after deletions", "[vault][message_store]") {
    StoreFixture f;
    const auto first = *f.messages.insert(f.incoming("1"));
    const auto second = *f.messages.insert(f.incoming("2"));
    CHECK(second.order > first.order);
    REQUIRE(f.messages.remove(second.id).ok());
    CHECK(f.messages.insert(f.incoming("3"))->order > second.order);
}

TEST_CASE("message store: pages one conversation, latest first", "[vault][message_store]") {
    StoreFixture f;
    const auto carol = *f.recipients.ensure(ServiceId::aci(uuid(9)));
    const auto other = *f.conversations.ensure_recipient(carol.row);
    for (int i = 0; i < 10; ++i) {
        REQUIRE(f.messages.insert(f.incoming(std::to_string(i), kNow - i)).ok());
        NewMessage elsewhere = f.incoming("elsewhere");
        elsewhere.conversation = other.row;
        REQUIRE(f.messages.insert(elsewhere).ok());
    }
    std::string texts;
    std::string token;
    int pages = 0;
    do {
        const auto page = *f.messages.list(f.with_bob.id, {.limit = 4, .token = token});
        for (const auto& row : page.messages) texts += row.body;
        token = page.next_token;
        // What comes in between does not disturb the pages.
        REQUIRE(f.messages.insert(f.incoming("new")).ok());
        ++pages;
    } while (!token.empty());
    CHECK(texts == "9876543210");
    CHECK(pages == 3);
    const auto first = *f.messages.list(f.with_bob.id, {.limit = 4, .token = ""});
    CHECK_THAT(f.messages.list(other.id, {.limit = 4, .token = first.next_token}),
               FailsWith(ErrorCode::invalid_argument));
    CHECK_THAT(f.messages.list(f.with_bob.id, {.limit = 4, .token = "x"}),
               FailsWith(ErrorCode::invalid_argument));
    CHECK(f.messages.list(Id::random(), {})->messages.empty());
}

TEST_CASE("message store: finds by author and time", "[vault][message_store]") {
    StoreFixture f;
    REQUIRE(f.messages.insert(f.incoming("one", kNow)).ok());
    const auto two = *f.messages.insert(f.incoming("two", kNow));
    REQUIRE(f.messages.insert(f.outgoing("mine", kNow)).ok());
    CHECK(f.messages.find_sent(f.bob.row, kNow).value()->id == two.id);
    CHECK(f.messages.find_sent(f.self.row, kNow).value()->body == "mine");
    CHECK_FALSE(f.messages.find_sent(f.bob.row, kNow + 1).value());
}

TEST_CASE("message store: own timestamps rise whatever the clock does",
          "[vault][message_store]") {
    StoreFixture f;
    CHECK(*f.messages.next_sent_timestamp(kNow) == kNow);
    CHECK(*f.messages.next_sent_timestamp(kNow) == kNow + 1);
    CHECK(*f.messages.next_sent_timestamp(kNow - 1000000) == kNow + 2);
    CHECK(*f.messages.next_sent_timestamp(kNow + 50) == kNow + 50);
}

TEST_CASE("message store: a client request id is taken once", "[vault][message_store]") {
    StoreFixture f;
    NewMessage message = f.outgoing("a");
    message.client_request_id = "req-1";
    const auto ref = *f.messages.insert(message);
    CHECK(f.messages.find_client_request("req-1").value()->id == ref.id);
    CHECK_FALSE(f.messages.find_client_request("req-2").value());
    CHECK_THAT(f.messages.insert(message), FailsWith(ErrorCode::already_exists));
    CHECK(*f.messages.count() == 1);
}

TEST_CASE("message store: states never go back", "[vault][message_store]") {
    StoreFixture f;
    const auto order = f.messages.insert(f.outgoing("a"))->order;
    CHECK(*f.messages.set_state(order, MessageState::blocked_identity));
    CHECK(*f.messages.set_failed(order, ErrorCode::unregistered));
    CHECK(f.messages.find(order).value()->failure == "unregistered");
    CHECK(*f.messages.set_state(order, MessageState::pending));
    CHECK(f.messages.find(order).value()->failure.empty());
    CHECK(*f.messages.set_state(order, MessageState::delivered));
    CHECK_FALSE(*f.messages.set_state(order, MessageState::sent));
    CHECK_FALSE(*f.messages.set_failed(order, ErrorCode::timed_out));
    CHECK_FALSE(*f.messages.set_state(order, MessageState::delivered));
    CHECK(*f.messages.set_state(order, MessageState::read));
    const auto incoming = f.messages.insert(f.incoming("b"))->order;
    CHECK_FALSE(*f.messages.set_state(incoming, MessageState::sent));
}

TEST_CASE("message store: reading up to a message clears what is unread",
          "[vault][message_store]") {
    StoreFixture f;
    const auto one = *f.messages.insert(f.incoming("1", kNow + 1));
    REQUIRE(f.messages.insert(f.outgoing("mine")).ok());
    const auto two = *f.messages.insert(f.incoming("2", kNow + 2));
    const auto three = *f.messages.insert(f.incoming("3", kNow + 3));
    CHECK(f.conversations.find(f.with_bob.row).value()->unread_count == 3);
    const auto turned = *f.messages.mark_read(f.with_bob.row, two.order, kNow + 9);
    REQUIRE(turned.size() == 2);
    CHECK(turned[0].message.id == one.id);
    CHECK(turned[1].sent_ms == kNow + 2);
    CHECK(turned[1].author == f.bob.row);
    CHECK(f.messages.find(one.id).value()->read_ms == kNow + 9);
    CHECK(f.conversations.find(f.with_bob.row).value()->unread_count == 1);
    CHECK(f.messages.mark_read(f.with_bob.row, one.order, kNow)->empty());
    CHECK(f.messages.mark_read(f.with_bob.row, INT64_MAX, kNow)->size() == 1);
    CHECK(f.messages.find(three.id).value()->read_ms == kNow);
    CHECK(f.conversations.find(f.with_bob.row).value()->unread_count == 0);
    REQUIRE(f.messages.insert(f.incoming("4")).ok());
    CHECK(f.messages.mark_read(f.with_bob.row, INT64_MAX, kNow)->size() == 1);
}

TEST_CASE("message store: receipts move our messages on", "[vault][message_store]") {
    StoreFixture f;
    const auto ref = *f.messages.insert(f.outgoing("a", kNow));
    auto change = *f.messages.apply_receipt(f.bob.row, kNow, ReceiptKind::delivered, kNow + 5);
    REQUIRE(change);
    CHECK(change->message.id == ref.id);
    CHECK(change->conversation_id == f.with_bob.id);
    CHECK(change->state == MessageState::delivered);
    CHECK_FALSE(*f.messages.apply_receipt(f.bob.row, kNow, ReceiptKind::delivered, kNow + 6));
    change = *f.messages.apply_receipt(f.bob.row, kNow, ReceiptKind::read, kNow + 7);
    CHECK(change->state == MessageState::read);
    const auto receipts = *f.messages.receipts(ref.order);
    REQUIRE(receipts.size() == 1);
    CHECK(receipts[0].delivered_ms == kNow + 5);
    CHECK(receipts[0].read_ms == kNow + 7);
}

TEST_CASE("message store: only who can have received a message acknowledges it",
          "[vault][message_store]") {
    StoreFixture f;
    const auto ref = *f.messages.insert(f.outgoing("a", kNow));
    const auto mallory = *f.recipients.ensure(ServiceId::aci(uuid(66)));
    CHECK_FALSE(*f.messages.apply_receipt(mallory.row, kNow, ReceiptKind::read, kNow));
    CHECK(f.messages.find(ref.id).value()->state == MessageState::pending);
    CHECK(f.messages.receipts(ref.order)->empty());
    // Bob's own message with the same time is none of ours.
    REQUIRE(f.messages.insert(f.incoming("b", kNow + 1)).ok());
    CHECK_FALSE(*f.messages.apply_receipt(f.bob.row, kNow + 1, ReceiptKind::read, kNow));
}

TEST_CASE("message store: a receipt before its message is applied later",
          "[vault][message_store]") {
    StoreFixture f;
    const auto mallory = *f.recipients.ensure(ServiceId::aci(uuid(66)));
    CHECK_FALSE(*f.messages.apply_receipt(f.bob.row, kNow, ReceiptKind::delivered, kNow + 1));
    CHECK_FALSE(*f.messages.apply_receipt(f.bob.row, kNow, ReceiptKind::read, kNow + 2));
    CHECK_FALSE(*f.messages.apply_receipt(mallory.row, kNow, ReceiptKind::read, kNow + 2));
    const auto ref = *f.messages.insert(f.outgoing("a", kNow));
    CHECK(f.messages.find(ref.id).value()->state == MessageState::read);
    CHECK(f.messages.receipts(ref.order)->size() == 1);
    CHECK(f.number("SELECT count(*) FROM early_receipt") == 1);
    CHECK(*f.messages.purge_early_receipts(kNow + 3) == 1);
    // Absurd times are not kept at all.
    constexpr std::int64_t kYear = 365LL * 24 * 60 * 60 * 1000;
    REQUIRE(f.messages.apply_receipt(f.bob.row, kNow + kYear, ReceiptKind::read, kNow).ok());
    REQUIRE(f.messages.apply_receipt(f.bob.row, kNow - kYear, ReceiptKind::read, kNow).ok());
    CHECK(f.number("SELECT count(*) FROM early_receipt") == 0);
}

TEST_CASE("message store: what was read elsewhere before it came is read, and nothing else",
          "[vault][message_store]") {
    StoreFixture f;
    const auto mallory = *f.recipients.ensure(ServiceId::aci(uuid(66)));
    REQUIRE(f.messages.keep_early_read(f.bob.row, kNow, kNow + 1).ok());
    REQUIRE(f.messages.keep_early_read(mallory.row, kNow + 5, kNow + 1).ok());
    const auto unread = [&] { return f.conversations.find(f.with_bob.id).value()->unread_count; };
    // Our own message of that time leaves it where it is.
    REQUIRE(f.messages.insert(f.outgoing("ours", kNow)).ok());
    const auto read = *f.messages.insert(f.incoming("a", kNow));
    CHECK(f.messages.find(read.id).value()->read_ms != 0);
    CHECK(unread() == 0);
    const auto other = *f.messages.insert(f.incoming("b", kNow + 5));
    CHECK(f.messages.find(other.id).value()->read_ms == 0);
    CHECK(unread() == 1);
    // It counts once.
    const auto again = *f.messages.insert(f.incoming("c", kNow));
    CHECK(f.messages.find(again.id).value()->read_ms == 0);
    CHECK(*f.messages.purge_early_receipts(kNow + 3) == 1);
}

TEST_CASE("message store: an edited message is found by its new text only",
          "[vault][message_store]") {
    StoreFixture f;
    Search search{f.database};
    const auto indexed = *f.messages.insert(f.incoming("first words"));
    REQUIRE(search.index_new().ok());
    const auto fresh = *f.messages.insert(f.incoming("first words"));
    for (const auto& ref : {indexed, fresh}) {
        REQUIRE(f.messages.edit(ref.order, "second thoughts", Bytes{7}).ok());
        CHECK(f.messages.find(ref.id).value()->body == "second thoughts");
        CHECK(f.messages.content(ref.order).value() == Bytes{7});
    }
    CHECK(search.find("first", std::nullopt, {})->hits.empty());
    CHECK(search.find("thoughts", std::nullopt, {})->hits.size() == 2);
    REQUIRE(search.index_new().ok());
    CHECK(search.find("thoughts", std::nullopt, {})->hits.size() == 2);
    CHECK(f.database
              .exec("INSERT INTO message_index (message_index, rank) VALUES ('integrity-check', 1)")
              .ok());
    CHECK_THAT(f.messages.edit(999, "x", {}), FailsWith(ErrorCode::not_found));
}

TEST_CASE("message store: deleting leaves nothing of a message", "[vault][message_store]") {
    StoreFixture f;
    OutboxStore outbox{f.database};
    Search search{f.database};
    const auto keep = *f.messages.insert(f.incoming("keepsake"));
    const auto mine = *f.messages.insert(f.outgoing("secretword", kNow));
    const auto unread = *f.messages.insert(f.incoming("unreadword"));
    REQUIRE(f.messages.apply_receipt(f.bob.row, kNow, ReceiptKind::delivered, kNow).ok());
    REQUIRE(outbox.add({.destination = ServiceId::aci(uuid(3)),
                        .message = mine.order,
                        .content = to_bytes("secretword"),
                        .devices = {{.device_id = 1, .ciphertext = Bytes{1}}}})
                .ok());
    REQUIRE(search.index_new().ok());
    REQUIRE(search.find("secretword", std::nullopt, {})->hits.size() == 1);
    REQUIRE(f.messages.remove(mine.id).ok());
    REQUIRE(f.messages.remove(unread.id).ok());
    CHECK(search.find("secretword", std::nullopt, {})->hits.empty());
    CHECK(f.messages.receipts(mine.order)->empty());
    CHECK(*outbox.count() == 0);
    CHECK(f.number("SELECT count(*) FROM outbox_device") == 0);
    const auto conversation = *f.conversations.find(f.with_bob.row).value();
    CHECK(conversation.last_order == keep.order);
    CHECK(conversation.unread_count == 1);
    CHECK_THAT(f.messages.remove(mine.id), FailsWith(ErrorCode::not_found));
    // The index holds what the table holds, and nothing else.
    CHECK(f.database
              .exec("INSERT INTO message_index (message_index, rank) VALUES ('integrity-check', 1)")
              .ok());
    CHECK(f.number("SELECT count(*) FROM message_index_data "
                   "WHERE instr(block, CAST('sec' AS BLOB)) > 0") == 0);
}

TEST_CASE("conversation store: latest first, empty ones last", "[vault][conversation_store]") {
    StoreFixture f;
    std::vector<Id> ids;
    for (std::uint8_t i = 20; i < 25; ++i) {
        const auto person = *f.recipients.ensure(ServiceId::aci(uuid(i)));
        const auto conversation = *f.conversations.ensure_recipient(person.row);
        CHECK(f.conversations.ensure_recipient(person.row)->id == conversation.id);
        NewMessage message = f.incoming("text");
        message.conversation = conversation.row;
        message.author = person.row;
        REQUIRE(f.messages.insert(message).ok());
        ids.insert(ids.begin(), conversation.id);
    }
    ids.push_back(f.with_bob.id);
    std::vector<Id> listed;
    std::string token;
    do {
        const auto page = *f.conversations.list({.limit = 4, .token = token});
        for (const auto& each : page.conversations) {
            listed.push_back(each.conversation.id);
            CHECK(each.last_message.has_value() == (each.conversation.last_order != 0));
        }
        token = page.next_token;
    } while (!token.empty());
    CHECK(listed == ids);
    CHECK_THAT(f.conversations.list({.limit = 1, .token = "??"}),
               FailsWith(ErrorCode::invalid_argument));
}

TEST_CASE("conversation store: groups stand beside people", "[vault][conversation_store]") {
    StoreFixture f;
    const auto group = *f.conversations.ensure_group(Bytes(32, 1));
    CHECK(group.recipient == 0);
    CHECK(f.conversations.ensure_group(Bytes(32, 1))->id == group.id);
    CHECK(f.conversations.ensure_group(Bytes(32, 2))->id != group.id);
    CHECK(f.conversations.find(group.id).value()->group_id == Bytes(32, 1));
    REQUIRE(f.conversations.set_expire_timer(group.row, 60, 3).ok());
    CHECK(f.conversations.find(group.row).value()->expire_timer_s == 60);
    CHECK(f.conversations.find(group.row).value()->expire_timer_version == 3);
    CHECK(f.conversations.find_recipient(f.bob.row).value()->id == f.with_bob.id);
}

}  // namespace
}  // namespace nacre::vault
