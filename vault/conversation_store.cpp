#include "vault/conversation_store.h"

#include <array>

#include "vault/column.h"

namespace nacre::vault {
namespace {

constexpr std::uint32_t kMostListed = 500;

ConversationRow conversation_row(const Statement& row) {
    return {
        .row = row.integer(0),
        .id = id_column(row, 1),
        .recipient = row.integer(2),
        .group_id = bytes_column(row, 3),
        .unread_count = number_column<std::uint64_t>(row, 4),
        .last_order = row.integer(5),
        .expire_timer_s = number_column<std::uint32_t>(row, 6),
        .expire_timer_version = number_column<std::uint32_t>(row, 7),
    };
}

Result<std::optional<ConversationRow>> only_conversation(Statement row) {
    if (!NACRE_TRY(row.step())) return std::optional<ConversationRow>{};
    return std::optional{conversation_row(row)};
}

// With `recipient` 0 a group's.
Result<ConversationRow> insert(Database& database, std::int64_t recipient, ByteView group_id) {
    ConversationRow made{.id = Id::random(), .recipient = recipient, .group_id = to_bytes(group_id)};
    auto row = NACRE_TRY(database.prepare(
        "INSERT INTO conversation (id, recipient, group_id, unread_count, last_order, read_order, "
        "expire_timer_s, expire_timer_version) VALUES (?1, ?2, ?3, 0, 0, 0, 0, 0)"));
    row.bind(0, made.id.bytes);
    if (recipient != 0) {
        row.bind(1, recipient).bind_null(2);
    } else {
        row.bind_null(1).bind(2, group_id);
    }
    NACRE_TRY(row.run());
    made.row = database.last_insert_rowid();
    return made;
}

}  // namespace

Result<std::optional<ConversationRow>> ConversationStore::find(const Id& id) {
    auto row = NACRE_TRY(database_.prepare("SELECT * FROM conversation_view WHERE id = ?1"));
    row.bind(0, id.bytes);
    return only_conversation(std::move(row));
}

Result<std::optional<ConversationRow>> ConversationStore::find(std::int64_t which) {
    auto row = NACRE_TRY(database_.prepare("SELECT * FROM conversation_view WHERE row = ?1"));
    row.bind(0, which);
    return only_conversation(std::move(row));
}

Result<std::optional<ConversationRow>> ConversationStore::find_recipient(std::int64_t recipient) {
    auto row = NACRE_TRY(database_.prepare("SELECT * FROM conversation_view WHERE recipient = ?1"));
    row.bind(0, recipient);
    return only_conversation(std::move(row));
}

Result<ConversationRow> ConversationStore::ensure_recipient(std::int64_t recipient) {
    auto found = NACRE_TRY(find_recipient(recipient));
    if (found) return *std::move(found);
    return insert(database_, recipient, {});
}

Result<ConversationRow> ConversationStore::ensure_group(ByteView group_id) {
    {
        auto row =
            NACRE_TRY(database_.prepare("SELECT * FROM conversation_view WHERE group_id = ?1"));
        row.bind(0, group_id);
        if (NACRE_TRY(row.step())) return conversation_row(row);
    }
    return insert(database_, 0, group_id);
}

Result<ConversationPage> ConversationStore::list(const PageRequest& page) {
    PagePosition after{.order = INT64_MAX, .id = {}};
    if (!page.token.empty()) {
        after = NACRE_TRY(parse_page_token(PageKind::conversations, {}, page.token));
    }
    const std::uint32_t limit = page_limit(page.limit, kMostListed);
    ConversationPage listed;
    {
        auto row = NACRE_TRY(database_.prepare(
            "SELECT * FROM conversation_view WHERE (last_order, id) < (?1, ?2) "
            "ORDER BY last_order DESC, id DESC LIMIT ?3"));
        row.bind(0, after.order).bind(1, after.id.bytes).bind(2, limit + 1);
        while (NACRE_TRY(row.step())) {
            listed.conversations.push_back({.conversation = conversation_row(row), .last_message = {}});
        }
    }
    if (listed.conversations.size() > limit) {
        listed.conversations.pop_back();
        const ConversationRow& last = listed.conversations.back().conversation;
        listed.next_token =
            page_token(PageKind::conversations, {}, {.order = last.last_order, .id = last.id});
    }
    MessageStore messages{database_};
    for (ListedConversation& each : listed.conversations) {
        if (each.conversation.last_order == 0) continue;
        each.last_message = NACRE_TRY(messages.find(each.conversation.last_order));
    }
    return listed;
}

Result<void> ConversationStore::set_expire_timer(std::int64_t which, std::uint32_t seconds,
                                                 std::uint32_t version) {
    auto row = NACRE_TRY(database_.prepare(
        "UPDATE conversation SET expire_timer_s = ?2, expire_timer_version = ?3 WHERE row = ?1"));
    return row.bind(0, which).bind(1, seconds).bind(2, version).run();
}

}  // namespace nacre::vault
