#include "vault/event_store.h"

#include "vault/column.h"

namespace nacre::vault {

Result<std::uint64_t> EventStore::append(const NewEvent& event, std::int64_t now_ms) {
    // Without AUTOINCREMENT SQLite takes the largest row plus one: what was rolled back leaves no
    // gap. The last event must therefore never be deleted.
    auto row = NACRE_TRY(database_.prepare(
        "INSERT INTO event (at_ms, kind, conversation, message, recipient, lost_first, lost_last) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"));
    row.bind(0, now_ms).bind(1, static_cast<std::int64_t>(event.kind));
    bind_optional(row, 2, event.conversation);
    bind_optional(row, 3, event.message);
    bind_optional(row, 4, event.recipient);
    if (event.gap)
        row.bind(5, static_cast<std::int64_t>(event.gap->first))
            .bind(6, static_cast<std::int64_t>(event.gap->last));
    else
        row.bind_null(5).bind_null(6);
    NACRE_TRY(row.run());
    return static_cast<std::uint64_t>(database_.last_insert_rowid());
}

Result<std::vector<EventRow>> EventStore::list(std::uint64_t after, std::uint32_t limit) {
    auto row = NACRE_TRY(database_.prepare(
        "SELECT sequence, at_ms, kind, conversation, message, recipient, lost_first, lost_last "
        "FROM event WHERE sequence > ?1 ORDER BY sequence LIMIT ?2"));
    // A cursor beyond what SQLite counts to is beyond every event.
    row.bind(0, static_cast<std::int64_t>(std::min<std::uint64_t>(after, INT64_MAX)))
        .bind(1, limit);
    std::vector<EventRow> events;
    while (NACRE_TRY(row.step())) {
        events.push_back({
            .sequence = number_column<std::uint64_t>(row, 0),
            .at_ms = row.integer(1),
            .kind = number_column<EventKind>(row, 2),
            .conversation = optional_id_column(row, 3),
            .message = optional_id_column(row, 4),
            .recipient = optional_id_column(row, 5),
            .gap = row.is_null(6) ? std::optional<SpoolGap>{}
                                  : SpoolGap{number_column<std::uint64_t>(row, 6),
                                             number_column<std::uint64_t>(row, 7)},
        });
    }
    return events;
}

Result<std::uint64_t> EventStore::last_sequence() {
    auto row = NACRE_TRY(database_.prepare("SELECT max(sequence) FROM event"));
    return static_cast<std::uint64_t>(NACRE_TRY(only_number(std::move(row))));
}

}  // namespace nacre::vault
