#include "vault/recipient_merge.h"

#include <array>

#include "vault/column.h"

namespace nacre::vault {
namespace {

Result<std::int64_t> conversation_of(Database& database, std::int64_t recipient) {
    auto row = NACRE_TRY(database.prepare("SELECT row FROM conversation WHERE recipient = ?1"));
    row.bind(0, recipient);
    return only_number(std::move(row));
}

Result<void> run_with(Database& database, Literal sql, std::int64_t from, std::int64_t into) {
    auto row = NACRE_TRY(database.prepare(sql));
    return row.bind(0, from).bind(1, into).run();
}

Result<void> merge_conversations(Database& database, std::int64_t from, std::int64_t into) {
    constexpr std::array kSteps{
        Literal{"UPDATE message SET conversation = ?2 WHERE conversation = ?1"},
        // read_order 0: older messages that came along may be unread.
        Literal{"UPDATE conversation SET read_order = 0, "
                "last_order = max(conversation.last_order, other.last_order), "
                "unread_count = conversation.unread_count + other.unread_count "
                "FROM (SELECT last_order, unread_count FROM conversation WHERE row = ?1) AS other "
                "WHERE row = ?2"},
        Literal{"DELETE FROM conversation WHERE row = ?1 AND ?2 > 0"},
    };
    for (const Literal sql : kSteps) NACRE_TRY(run_with(database, sql, from, into));
    return {};
}

}  // namespace

Result<void> merge_recipients(Database& database, std::int64_t from, std::int64_t into) {
    const std::int64_t old_conversation = NACRE_TRY(conversation_of(database, from));
    const std::int64_t conversation = NACRE_TRY(conversation_of(database, into));
    if (old_conversation != 0 && conversation != 0) {
        NACRE_TRY(merge_conversations(database, old_conversation, conversation));
    }
    constexpr std::array kSteps{
        Literal{"UPDATE conversation SET recipient = ?2 WHERE recipient = ?1"},
        Literal{"UPDATE message SET author = ?2 WHERE author = ?1"},
        Literal{"UPDATE OR REPLACE receipt SET recipient = ?2 WHERE recipient = ?1"},
        Literal{"UPDATE OR REPLACE early_receipt SET recipient = ?2 WHERE recipient = ?1"},
        Literal{"DELETE FROM recipient WHERE row = ?1 AND ?2 > 0"},
    };
    for (const Literal sql : kSteps) NACRE_TRY(run_with(database, sql, from, into));
    return {};
}

}  // namespace nacre::vault
