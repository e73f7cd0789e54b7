#include "vault/message_store.h"

#include <algorithm>
#include <array>

#include "vault/column.h"
#include "vault/search.h"

namespace nacre::vault {
namespace {

constexpr std::uint32_t kMostListed = 500;

// Columns of message_view.
MessageRow message_row(const Statement& row) {
    return {
        .order = row.integer(0),
        .id = id_column(row, 1),
        .conversation = row.integer(2),
        .conversation_id = id_column(row, 3),
        .author = row.integer(4),
        .author_device = number_column<std::uint32_t>(row, 5),
        .direction = number_column<Direction>(row, 6),
        .state = number_column<MessageState>(row, 7),
        .kind = number_column<MessageKind>(row, 8),
        .sent_ms = row.integer(9),
        .server_ms = row.integer(10),
        .received_ms = row.integer(11),
        .read_ms = row.integer(12),
        .body = text_column(row, 15),
        .client_request_id = text_column(row, 13),
        .failure = text_column(row, 14),
    };
}

Result<std::optional<MessageRow>> only_message(Statement row) {
    if (!NACRE_TRY(row.step())) return std::optional<MessageRow>{};
    return std::optional{message_row(row)};
}

}  // namespace

// ---- Inserting

Result<MessageRef> MessageStore::insert(const NewMessage& message) {
    const bool unread = message.direction == Direction::incoming && !message.read &&
                        !NACRE_TRY(take_early_read(message.author, message.sent_ms));
    MessageRef added{.order = 0, .id = ids_.next()};
    {
        auto row = NACRE_TRY(database_.prepare(
            "INSERT INTO message (id, conversation, author, author_device, direction, state, kind, "
            "sent_ms, server_ms, received_ms, read_ms, client_request_id, failure, body, content) "
            "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, NULL, ?13, ?14)"));
        row.bind(0, added.id.bytes)
            .bind(1, message.conversation)
            .bind(2, message.author)
            .bind(3, message.author_device)
            .bind(4, static_cast<std::int64_t>(message.direction))
            .bind(5, static_cast<std::int64_t>(message.state))
            .bind(6, static_cast<std::int64_t>(message.kind))
            .bind(7, message.sent_ms)
            .bind(8, message.server_ms)
            .bind(9, message.received_ms)
            .bind(10, unread ? 0 : std::max<std::int64_t>(1, message.received_ms))
            .bind(12, message.body)
            .bind(13, message.content);
        bind_optional(row, 11, message.client_request_id);
        NACRE_TRY(row.run());
        added.order = database_.last_insert_rowid();
    }
    NACRE_TRY(update_conversation(message, added.order, unread));
    if (message.direction == Direction::outgoing) {
        NACRE_TRY(apply_early_receipts(message.sent_ms));
    }
    return added;
}

Result<void> MessageStore::update_conversation(const NewMessage& message, std::int64_t order,
                                               bool unread) {
    auto row = NACRE_TRY(database_.prepare(
        "UPDATE conversation SET last_order = ?2, unread_count = unread_count + ?3 "
        "WHERE row = ?1"));
    NACRE_TRY(row.bind(0, message.conversation).bind(1, order).bind(2, unread).run());
    if (database_.changes() == 0) return Error{ErrorCode::not_found, "insert into a conversation"};
    return {};
}

// ---- Finding

Result<std::optional<MessageRow>> MessageStore::find(const Id& id) {
    auto row = NACRE_TRY(database_.prepare("SELECT * FROM message_view WHERE id = ?1"));
    row.bind(0, id.bytes);
    return only_message(std::move(row));
}

Result<std::optional<MessageRow>> MessageStore::find(std::int64_t order) {
    auto row = NACRE_TRY(database_.prepare("SELECT * FROM message_view WHERE message_order = ?1"));
    row.bind(0, order);
    return only_message(std::move(row));
}

Result<std::optional<MessageRow>> MessageStore::find_client_request(
    std::string_view client_request_id) {
    auto row =
        NACRE_TRY(database_.prepare("SELECT * FROM message_view WHERE client_request_id = ?1"));
    row.bind(0, client_request_id);
    return only_message(std::move(row));
}

Result<std::optional<MessageRow>> MessageStore::find_sent(std::int64_t author,
                                                          std::int64_t sent_ms) {
    auto row = NACRE_TRY(database_.prepare(
        "SELECT * FROM message_view WHERE author = ?1 AND sent_ms = ?2 "
        "ORDER BY message_order DESC LIMIT 1"));
    row.bind(0, author).bind(1, sent_ms);
    return only_message(std::move(row));
}

Result<Bytes> MessageStore::content(std::int64_t order) {
    auto row =
        NACRE_TRY(database_.prepare("SELECT content FROM message WHERE message_order = ?1"));
    row.bind(0, order);
    if (!NACRE_TRY(row.step())) return Error{ErrorCode::not_found, "read a message's content"};
    return bytes_column(row, 0);
}

Result<MessagePage> MessageStore::list(const Id& conversation_id, const PageRequest& page) {
    const std::string_view context = as_text(conversation_id.bytes);
    PagePosition after{.order = INT64_MAX, .id = {}};
    if (!page.token.empty()) {
        after = NACRE_TRY(parse_page_token(PageKind::messages, context, page.token));
    }
    const std::uint32_t limit = page_limit(page.limit, kMostListed);
    auto row = NACRE_TRY(database_.prepare(
        "SELECT * FROM message_view "
        "WHERE conversation = (SELECT row FROM conversation WHERE id = ?1) AND message_order < ?2 "
        "ORDER BY message_order DESC LIMIT ?3"));
    row.bind(0, conversation_id.bytes).bind(1, after.order).bind(2, limit + 1);
    MessagePage listed;
    while (NACRE_TRY(row.step())) listed.messages.push_back(message_row(row));
    if (listed.messages.size() > limit) {
        listed.messages.pop_back();
        const MessageRow& last = listed.messages.back();
        listed.next_token =
            page_token(PageKind::messages, context, {.order = last.order, .id = last.id});
    }
    return listed;
}

Result<std::uint64_t> MessageStore::count() {
    auto row = NACRE_TRY(database_.prepare("SELECT count(*) FROM message"));
    return static_cast<std::uint64_t>(NACRE_TRY(only_number(std::move(row))));
}

// ---- Changing

Result<std::int64_t> MessageStore::next_sent_timestamp(std::int64_t now_ms) {
    auto row = NACRE_TRY(database_.prepare(
        "INSERT INTO counter (key, value) VALUES ('message.last_sent_ms', ?1) "
        "ON CONFLICT (key) DO UPDATE SET value = max(value + 1, excluded.value) "
        "RETURNING value"));
    row.bind(0, now_ms);
    return only_number(std::move(row));
}

Result<bool> MessageStore::set_state(std::int64_t order, MessageState state) {
    // Before the server's acceptance a message may move between pending, blocked and failed.
    auto row = NACRE_TRY(database_.prepare(
        "UPDATE message SET state = ?2, failure = NULL "
        "WHERE message_order = ?1 AND direction = 2 AND state <> ?2 AND (state < 5 OR state < ?2)"));
    NACRE_TRY(row.bind(0, order).bind(1, static_cast<std::int64_t>(state)).run());
    return database_.changes() > 0;
}

Result<bool> MessageStore::set_failed(std::int64_t order, ErrorCode why) {
    auto row = NACRE_TRY(database_.prepare(
        "UPDATE message SET state = 4, failure = ?2 "
        "WHERE message_order = ?1 AND direction = 2 AND state < 5"));
    NACRE_TRY(row.bind(0, order).bind(1, to_string(why)).run());
    return database_.changes() > 0;
}

Result<void> MessageStore::edit(std::int64_t order, std::string_view body, ByteView content) {
    const auto found = NACRE_TRY(find(order));
    if (!found) return Error{ErrorCode::not_found, "edit message"};
    Search search{database_};
    const bool was_indexed = NACRE_TRY(search.forget(order, found->body));
    auto row = NACRE_TRY(database_.prepare(
        "UPDATE message SET body = ?2, content = ?3, kind = iif(?2 = '', kind, 1) "
        "WHERE message_order = ?1"));
    NACRE_TRY(row.bind(0, order).bind(1, body).bind(2, content).run());
    return was_indexed ? search.remember(order, body) : Result<void>{};
}

Result<std::vector<ReadMessage>> MessageStore::mark_read(std::int64_t conversation,
                                                         std::int64_t order, std::int64_t now_ms) {
    std::vector<ReadMessage> turned;
    {
        auto row = NACRE_TRY(database_.prepare(
            "UPDATE message SET read_ms = ?3 WHERE conversation = ?1 AND message_order <= ?2 "
            "AND message_order > (SELECT read_order FROM conversation WHERE row = ?1) "
            "AND direction = 1 AND read_ms = 0 RETURNING message_order, id, author, sent_ms"));
        row.bind(0, conversation).bind(1, order).bind(2, std::max<std::int64_t>(1, now_ms));
        while (NACRE_TRY(row.step())) {
            turned.push_back({
                .message = {.order = row.integer(0), .id = id_column(row, 1)},
                .author = row.integer(2),
                .sent_ms = row.integer(3),
            });
        }
    }
    auto row = NACRE_TRY(database_.prepare(
        "UPDATE conversation SET read_order = max(read_order, min(?2, last_order)), "
        "unread_count = max(0, unread_count - ?3) WHERE row = ?1"));
    NACRE_TRY(row.bind(0, conversation)
                  .bind(1, order)
                  .bind(2, static_cast<std::int64_t>(turned.size()))
                  .run());
    std::sort(turned.begin(), turned.end(), [](const ReadMessage& a, const ReadMessage& b) {
        return a.message.order < b.message.order;
    });
    return turned;
}

Result<void> MessageStore::remove(const Id& id) {
    const auto found = NACRE_TRY(find(id));
    if (!found) return Error{ErrorCode::not_found, "remove message"};
    NACRE_TRY(Search{database_}.forget(found->order, found->body));
    constexpr std::array kSteps{
        Literal{"DELETE FROM outbox_device WHERE entry IN "
                "(SELECT entry FROM outbox WHERE message = ?1)"},
        Literal{"DELETE FROM outbox WHERE message = ?1"},
        Literal{"DELETE FROM receipt WHERE message = ?1"},
        Literal{"DELETE FROM message WHERE message_order = ?1"},
    };
    for (const Literal sql : kSteps) {
        auto row = NACRE_TRY(database_.prepare(sql));
        NACRE_TRY(row.bind(0, found->order).run());
    }
    const bool unread = found->direction == Direction::incoming && found->read_ms == 0;
    auto row = NACRE_TRY(database_.prepare(
        "UPDATE conversation SET unread_count = max(0, unread_count - ?2), last_order = "
        "coalesce((SELECT max(message_order) FROM message WHERE conversation = ?1), 0) "
        "WHERE row = ?1"));
    return row.bind(0, found->conversation).bind(1, unread).run();
}

}  // namespace nacre::vault
