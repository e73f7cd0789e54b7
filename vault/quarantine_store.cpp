#include "vault/quarantine_store.h"

#include "vault/column.h"

namespace nacre::vault {
namespace {

constexpr std::int64_t kDayMs = 24LL * 60 * 60 * 1000;
constexpr std::int64_t kSeenDays = 60;
// Half of the hash: 128 bits are plenty against accidents, and nobody gains by making two of his
// own envelopes collide.
constexpr std::size_t kSeenBytes = 16;

}  // namespace

Result<std::uint32_t> QuarantineStore::note_attempt(std::uint64_t sequence) {
    const std::uint32_t before = NACRE_TRY(attempts(sequence));
    auto row = NACRE_TRY(database_.prepare(
        "INSERT INTO attempt (sequence, attempts) VALUES (?1, 1) "
        "ON CONFLICT (sequence) DO UPDATE SET attempts = attempts + 1"));
    NACRE_TRY(row.bind(0, static_cast<std::int64_t>(sequence)).run());
    return before;
}

Result<std::uint32_t> QuarantineStore::attempts(std::uint64_t sequence) {
    auto row = NACRE_TRY(database_.prepare("SELECT attempts FROM attempt WHERE sequence = ?1"));
    row.bind(0, static_cast<std::int64_t>(sequence));
    return static_cast<std::uint32_t>(NACRE_TRY(only_number(std::move(row))));
}

Result<std::optional<std::uint64_t>> QuarantineStore::first_attempt() {
    auto row = NACRE_TRY(
        database_.prepare("SELECT sequence FROM attempt ORDER BY sequence LIMIT 1"));
    if (!NACRE_TRY(row.step())) return std::optional<std::uint64_t>{};
    return std::optional{number_column<std::uint64_t>(row, 0)};
}

Result<void> QuarantineStore::forget_attempts(std::uint64_t up_to_sequence) {
    auto row = NACRE_TRY(database_.prepare("DELETE FROM attempt WHERE sequence <= ?1"));
    return row.bind(0, static_cast<std::int64_t>(up_to_sequence)).run();
}

Result<void> QuarantineStore::quarantine(std::uint64_t sequence, ByteView envelope,
                                         QuarantineReason reason, std::int64_t now_ms) {
    auto row = NACRE_TRY(database_.prepare(
        "INSERT INTO quarantine (sequence, reason, at_ms, envelope) VALUES (?1, ?2, ?3, ?4)"));
    return row.bind(0, static_cast<std::int64_t>(sequence))
        .bind(1, static_cast<std::int64_t>(reason))
        .bind(2, now_ms)
        .bind(3, envelope)
        .run();
}

Result<std::uint64_t> QuarantineStore::count() {
    auto row = NACRE_TRY(database_.prepare("SELECT count(*) FROM quarantine"));
    return static_cast<std::uint64_t>(NACRE_TRY(only_number(std::move(row))));
}

Result<std::vector<QuarantineRow>> QuarantineStore::list() {
    auto row = NACRE_TRY(database_.prepare(
        "SELECT row, sequence, reason, at_ms, envelope FROM quarantine ORDER BY row"));
    std::vector<QuarantineRow> rows;
    while (NACRE_TRY(row.step())) {
        rows.push_back({
            .row = row.integer(0),
            .sequence = number_column<std::uint64_t>(row, 1),
            .reason = number_column<QuarantineReason>(row, 2),
            .at_ms = row.integer(3),
            .envelope = bytes_column(row, 4),
        });
    }
    return rows;
}

Result<void> QuarantineStore::remove(std::int64_t which) {
    auto row = NACRE_TRY(database_.prepare("DELETE FROM quarantine WHERE row = ?1"));
    return row.bind(0, which).run();
}

Result<bool> QuarantineStore::note_seen(ByteView hash, std::int64_t now_ms) {
    if (hash.size() != 32) return Error{ErrorCode::internal, "note a hash of another length"};
    auto row =
        NACRE_TRY(database_.prepare("INSERT OR IGNORE INTO seen (hash, day) VALUES (?1, ?2)"));
    NACRE_TRY(row.bind(0, hash.first(kSeenBytes)).bind(1, now_ms / kDayMs).run());
    return database_.changes() > 0;
}

Result<std::uint32_t> QuarantineStore::purge_seen(std::int64_t now_ms) {
    auto row = NACRE_TRY(database_.prepare("DELETE FROM seen WHERE day < ?1"));
    NACRE_TRY(row.bind(0, now_ms / kDayMs - kSeenDays).run());
    return static_cast<std::uint32_t>(database_.changes());
}

}  // namespace nacre::vault
