// MessageStore's receipts: who has received and read our messages, and what another own device has
// read before its message came.
#include <algorithm>

#include "vault/column.h"
#include "vault/message_store.h"

namespace nacre::vault {
namespace {

constexpr std::int64_t kDayMs = 24LL * 60 * 60 * 1000;
// A receipt without its message is kept when it can still come: the server keeps what is on its
// way for about 45 days. Whoever writes to us can fill this table with receipts for nothing; the
// bound and purge_early_receipts keep it small.
constexpr std::int64_t kEarlyDays = 45;
// Stands beside ReceiptKind's values in the column: another own device read the recipient's message.
constexpr std::int64_t kReadByUs = 3;

struct Target {
    MessageRef message;
    Id conversation_id;
    bool group = false;
};

// Our own message with the timestamp that this recipient can have received.
Result<std::optional<Target>> find_target(Database& database, std::int64_t recipient,
                                          std::int64_t sent_ms) {
    auto row = NACRE_TRY(database.prepare(
        "SELECT m.message_order, m.id, c.id, c.recipient IS NULL FROM message AS m "
        "JOIN conversation AS c ON c.row = m.conversation "
        "WHERE m.author = (SELECT row FROM recipient WHERE self = 1) AND m.sent_ms = ?2 "
        "AND m.direction = 2 AND (c.recipient = ?1 OR c.recipient IS NULL) "
        "ORDER BY c.recipient IS NULL, m.message_order LIMIT 1"));
    row.bind(0, recipient).bind(1, sent_ms);
    if (!NACRE_TRY(row.step())) return std::optional<Target>{};
    return std::optional{Target{
        .message = {.order = row.integer(0), .id = id_column(row, 1)},
        .conversation_id = id_column(row, 2),
        .group = row.integer(3) != 0,
    }};
}

Result<void> note_receipt(Database& database, std::int64_t order, std::int64_t recipient,
                          ReceiptKind kind, std::int64_t at_ms) {
    // The first time of each counts.
    auto row = NACRE_TRY(database.prepare(
        "INSERT INTO receipt (message, recipient, delivered_ms, read_ms) VALUES (?1, ?2, ?3, ?4) "
        "ON CONFLICT (message, recipient) DO UPDATE SET "
        "delivered_ms = iif(delivered_ms = 0, excluded.delivered_ms, delivered_ms), "
        "read_ms = iif(read_ms = 0, excluded.read_ms, read_ms)"));
    return row.bind(0, order)
        .bind(1, recipient)
        .bind(2, kind == ReceiptKind::delivered ? at_ms : 0)
        .bind(3, kind == ReceiptKind::read ? at_ms : 0)
        .run();
}

Result<void> keep_early(Database& database, std::int64_t recipient, std::int64_t sent_ms,
                        std::int64_t kind, std::int64_t at_ms) {
    if (sent_ms < at_ms - kEarlyDays * kDayMs || sent_ms > at_ms + kDayMs) return {};
    auto row = NACRE_TRY(database.prepare(
        "INSERT OR IGNORE INTO early_receipt (sent_ms, recipient, kind, at_ms) "
        "VALUES (?1, ?2, ?3, ?4)"));
    return row.bind(0, sent_ms).bind(1, recipient).bind(2, kind).bind(3, at_ms).run();
}

}  // namespace

Result<std::optional<StateChange>> MessageStore::apply_receipt(std::int64_t recipient,
                                                               std::int64_t sent_ms,
                                                               ReceiptKind kind,
                                                               std::int64_t at_ms) {
    const auto target = NACRE_TRY(find_target(database_, recipient, sent_ms));
    if (!target) {
        NACRE_TRY(keep_early(database_, recipient, sent_ms, static_cast<std::int64_t>(kind), at_ms));
        return std::optional<StateChange>{};
    }
    NACRE_TRY(note_receipt(database_, target->message.order, recipient, kind, at_ms));
    // A group's message has as many states as members; the receipts tell.
    if (target->group) return std::optional<StateChange>{};
    const auto state = kind == ReceiptKind::read ? MessageState::read : MessageState::delivered;
    if (!NACRE_TRY(set_state(target->message.order, state))) return std::optional<StateChange>{};
    return std::optional{StateChange{
        .message = target->message,
        .conversation_id = target->conversation_id,
        .state = state,
    }};
}

Result<void> MessageStore::apply_early_receipts(std::int64_t sent_ms) {
    struct Early {
        std::int64_t recipient;
        ReceiptKind kind;
        std::int64_t at_ms;
    };

    std::vector<Early> kept;
    {
        auto row = NACRE_TRY(database_.prepare(
            "DELETE FROM early_receipt WHERE sent_ms = ?1 AND kind <> ?2 "
            "RETURNING recipient, kind, at_ms"));
        row.bind(0, sent_ms).bind(1, kReadByUs);
        while (NACRE_TRY(row.step())) {
            kept.push_back({row.integer(0), number_column<ReceiptKind>(row, 1), row.integer(2)});
        }
    }
    // Those that do not belong to this message are kept again by apply_receipt.
    for (const Early& early : kept) {
        NACRE_TRY(apply_receipt(early.recipient, sent_ms, early.kind, early.at_ms));
    }
    return {};
}

Result<void> MessageStore::keep_early_read(std::int64_t author, std::int64_t sent_ms,
                                           std::int64_t at_ms) {
    return keep_early(database_, author, sent_ms, kReadByUs, at_ms);
}

Result<bool> MessageStore::take_early_read(std::int64_t author, std::int64_t sent_ms) {
    auto row = NACRE_TRY(database_.prepare(
        "DELETE FROM early_receipt WHERE sent_ms = ?1 AND recipient = ?2 AND kind = ?3"));
    NACRE_TRY(row.bind(0, sent_ms).bind(1, author).bind(2, kReadByUs).run());
    return database_.changes() > 0;
}

Result<std::vector<ReceiptRow>> MessageStore::receipts(std::int64_t order) {
    auto row = NACRE_TRY(database_.prepare(
        "SELECT recipient, delivered_ms, read_ms FROM receipt WHERE message = ?1 "
        "ORDER BY recipient"));
    row.bind(0, order);
    std::vector<ReceiptRow> found;
    while (NACRE_TRY(row.step())) {
        found.push_back({
            .recipient = row.integer(0),
            .delivered_ms = row.integer(1),
            .read_ms = row.integer(2),
        });
    }
    return found;
}

Result<std::uint32_t> MessageStore::purge_early_receipts(std::int64_t before_ms) {
    auto row = NACRE_TRY(database_.prepare("DELETE FROM early_receipt WHERE at_ms < ?1"));
    NACRE_TRY(row.bind(0, before_ms).run());
    return static_cast<std::uint32_t>(database_.changes());
}

}  // namespace nacre::vault
