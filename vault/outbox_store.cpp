#include "vault/outbox_store.h"

#include <algorithm>

#include "vault/column.h"

namespace nacre::vault {
namespace {

std::int64_t number(OutboxState state) { return static_cast<std::int64_t>(state); }

OutboxEntry entry_row(const Statement& row) {
    OutboxEntry entry{
        .entry = row.integer(0),
        .kind = number_column<OutboxKind>(row, 1),
        .state = number_column<OutboxState>(row, 2),
        .destination = {array_column<17>(row, 3)},
        .message = {},
        .timestamp_ms = row.integer(5),
        .urgent = row.integer(6) != 0,
        .online = row.integer(7) != 0,
        .content = bytes_column(row, 8),
        .attempts = number_column<std::uint32_t>(row, 9),
        .next_try_ms = row.integer(10),
        .devices = {},
    };
    if (!row.is_null(4)) entry.message = row.integer(4);
    return entry;
}

}  // namespace

Result<std::int64_t> OutboxStore::add(const OutboxEntry& entry) {
    std::int64_t added = 0;
    {
        auto row = NACRE_TRY(database_.prepare(
            "INSERT INTO outbox (kind, state, destination, message, timestamp_ms, urgent, online, "
            "content, attempts, next_try_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"));
        row.bind(0, static_cast<std::int64_t>(entry.kind))
            .bind(1, number(entry.state))
            .bind(2, entry.destination.bytes)
            .bind(4, entry.timestamp_ms)
            .bind(5, entry.urgent)
            .bind(6, entry.online)
            .bind(7, entry.content)
            .bind(8, entry.attempts)
            .bind(9, entry.next_try_ms);
        if (entry.message) row.bind(3, *entry.message);
        NACRE_TRY(row.run());
        added = database_.last_insert_rowid();
    }
    NACRE_TRY(insert_devices(added, entry.devices));
    return added;
}

Result<void> OutboxStore::insert_devices(std::int64_t entry,
                                         const std::vector<OutboxDevice>& devices) {
    auto row = NACRE_TRY(database_.prepare(
        "INSERT INTO outbox_device (entry, device, registration_id, type, sealed, ciphertext) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6)"));
    for (const OutboxDevice& device : devices) {
        NACRE_TRY(row.bind(0, entry)
                      .bind(1, device.device_id)
                      .bind(2, device.registration_id)
                      .bind(3, device.type)
                      .bind(4, device.sealed)
                      .bind(5, device.ciphertext)
                      .run());
    }
    return {};
}

Result<void> OutboxStore::remove_devices(std::int64_t entry) {
    auto row = NACRE_TRY(database_.prepare("DELETE FROM outbox_device WHERE entry = ?1"));
    return row.bind(0, entry).run();
}

Result<OutboxEntry> OutboxStore::with_devices(OutboxEntry entry) {
    auto row = NACRE_TRY(database_.prepare(
        "SELECT device, registration_id, type, sealed, ciphertext FROM outbox_device "
        "WHERE entry = ?1 ORDER BY device"));
    row.bind(0, entry.entry);
    while (NACRE_TRY(row.step())) {
        entry.devices.push_back({
            .device_id = number_column<std::uint32_t>(row, 0),
            .registration_id = number_column<std::uint32_t>(row, 1),
            .type = number_column<std::uint32_t>(row, 2),
            .sealed = row.integer(3) != 0,
            .ciphertext = bytes_column(row, 4),
        });
    }
    return entry;
}

Result<std::optional<OutboxEntry>> OutboxStore::find(std::int64_t entry) {
    OutboxEntry found;
    {
        auto row = NACRE_TRY(database_.prepare(
            "SELECT entry, kind, state, destination, message, timestamp_ms, urgent, online, "
            "content, attempts, next_try_ms FROM outbox WHERE entry = ?1"));
        row.bind(0, entry);
        if (!NACRE_TRY(row.step())) return std::optional<OutboxEntry>{};
        found = entry_row(row);
    }
    return std::optional{NACRE_TRY(with_devices(std::move(found)))};
}

Result<std::optional<OutboxEntry>> OutboxStore::next(std::int64_t now_ms) {
    OutboxEntry found;
    {
        // The outbox is short as a rule; 50 destinations with 100 entries each take 2 ms.
        auto row = NACRE_TRY(database_.prepare(
            "SELECT entry, kind, state, destination, message, timestamp_ms, urgent, online, "
            "content, attempts, next_try_ms FROM outbox AS o "
            "WHERE state IN (1, 2) AND next_try_ms <= ?1 AND NOT EXISTS ("
            "SELECT 1 FROM outbox AS older WHERE older.entry < o.entry "
            "AND older.destination = o.destination AND older.state IN (1, 2, 3) "
            "AND (older.state = 3 OR older.next_try_ms > ?1)) "
            "ORDER BY entry LIMIT 1"));
        row.bind(0, now_ms);
        if (!NACRE_TRY(row.step())) return std::optional<OutboxEntry>{};
        found = entry_row(row);
    }
    return std::optional{NACRE_TRY(with_devices(std::move(found)))};
}

Result<std::optional<std::int64_t>> OutboxStore::next_try_ms() {
    // The first of each destination decides: what stands behind it waits for it.
    auto row = NACRE_TRY(database_.prepare(
        "SELECT min(next_try_ms) FROM outbox AS o WHERE state IN (1, 2) AND NOT EXISTS ("
        "SELECT 1 FROM outbox AS older WHERE older.entry < o.entry "
        "AND older.destination = o.destination AND older.state IN (1, 2, 3))"));
    if (!NACRE_TRY(row.step()) || row.is_null(0)) return std::optional<std::int64_t>{};
    return std::optional{row.integer(0)};
}

Result<void> OutboxStore::set_encrypted(std::int64_t entry,
                                        const std::vector<OutboxDevice>& devices) {
    NACRE_TRY(set_state(entry, OutboxState::encrypted));
    NACRE_TRY(remove_devices(entry));
    return insert_devices(entry, devices);
}

Result<void> OutboxStore::set_state(std::int64_t entry, OutboxState state) {
    {
        auto row =
            NACRE_TRY(database_.prepare("UPDATE outbox SET state = ?2 WHERE entry = ?1"));
        NACRE_TRY(row.bind(0, entry).bind(1, number(state)).run());
        if (database_.changes() == 0) {
            return Error{ErrorCode::not_found, "change an outbox entry"};
        }
    }
    if (state == OutboxState::encrypted) return {};
    return remove_devices(entry);
}

Result<void> OutboxStore::postpone(std::int64_t entry, std::int64_t next_try_ms) {
    auto row = NACRE_TRY(database_.prepare(
        "UPDATE outbox SET attempts = attempts + 1, next_try_ms = ?2 WHERE entry = ?1"));
    return row.bind(0, entry).bind(1, next_try_ms).run();
}

Result<void> OutboxStore::retry_all_now() {
    auto row = NACRE_TRY(
        database_.prepare("UPDATE outbox SET next_try_ms = 0 WHERE next_try_ms <> 0"));
    return row.run();
}

Result<void> OutboxStore::hold_receipt(const HeldReceipt& receipt, std::int64_t due_ms) {
    auto row = NACRE_TRY(database_.prepare(
        "INSERT INTO held_receipt (destination, timestamp_ms, due_ms) VALUES (?1, ?2, ?3)"));
    return row.bind(0, receipt.destination.bytes)
        .bind(1, receipt.timestamp_ms)
        .bind(2, due_ms)
        .run();
}

Result<std::vector<OutboxStore::HeldReceipt>> OutboxStore::take_due_receipts(std::int64_t now_ms) {
    std::vector<HeldReceipt> due;
    std::vector<std::int64_t> rows;
    {
        auto row = NACRE_TRY(database_.prepare(
            "SELECT row, destination, timestamp_ms FROM held_receipt WHERE due_ms <= ?1 "
            "ORDER BY due_ms LIMIT 100"));
        row.bind(0, now_ms);
        while (NACRE_TRY(row.step())) {
            rows.push_back(row.integer(0));
            due.push_back({ServiceId{array_column<17>(row, 1)}, row.integer(2)});
        }
    }
    for (const std::int64_t each : rows) {
        auto row = NACRE_TRY(database_.prepare("DELETE FROM held_receipt WHERE row = ?1"));
        NACRE_TRY(row.bind(0, each).run());
    }
    return due;
}

Result<std::vector<std::int64_t>> OutboxStore::unblock(const ServiceId& destination) {
    auto row = NACRE_TRY(database_.prepare(
        "UPDATE outbox SET state = 1, next_try_ms = 0 WHERE state = 3 AND destination = ?1 "
        "RETURNING message"));
    row.bind(0, destination.bytes);
    std::vector<std::int64_t> messages;
    while (NACRE_TRY(row.step())) {
        if (!row.is_null(0)) messages.push_back(row.integer(0));
    }
    std::sort(messages.begin(), messages.end());
    return messages;
}

Result<void> OutboxStore::remove(std::int64_t entry) {
    NACRE_TRY(remove_devices(entry));
    auto row = NACRE_TRY(database_.prepare("DELETE FROM outbox WHERE entry = ?1"));
    return row.bind(0, entry).run();
}

Result<std::uint32_t> OutboxStore::count_for_message(std::int64_t message) {
    auto row = NACRE_TRY(database_.prepare("SELECT count(*) FROM outbox WHERE message = ?1"));
    row.bind(0, message);
    return static_cast<std::uint32_t>(NACRE_TRY(only_number(std::move(row))));
}

Result<std::uint64_t> OutboxStore::count() {
    auto row = NACRE_TRY(database_.prepare("SELECT count(*) FROM outbox WHERE state <> 4"));
    return static_cast<std::uint64_t>(NACRE_TRY(only_number(std::move(row))));
}

}  // namespace nacre::vault
