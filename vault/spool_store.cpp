#include "vault/spool_store.h"

#include "vault/column.h"

namespace nacre::vault {
namespace {

SpoolEpoch epoch_row(const Statement& row) {
    return {
        .epoch = number_column<std::uint64_t>(row, 0),
        .public_key = bytes_column(row, 1),
        .private_key = bytes_column(row, 2),
        .drained = row.integer(3) != 0,
    };
}

}  // namespace

Result<std::optional<SpoolEpoch>> SpoolStore::epoch(std::uint64_t number) {
    auto row = NACRE_TRY(database_.prepare(
        "SELECT epoch, public_key, private_key, drained FROM spool_epoch WHERE epoch = ?1"));
    row.bind(0, static_cast<std::int64_t>(number));
    if (!NACRE_TRY(row.step())) return std::optional<SpoolEpoch>{};
    return std::optional{epoch_row(row)};
}

Result<std::vector<SpoolEpoch>> SpoolStore::open_epochs() {
    auto row = NACRE_TRY(database_.prepare(
        "SELECT epoch, public_key, private_key, drained FROM spool_epoch "
        "WHERE private_key IS NOT NULL ORDER BY epoch"));
    std::vector<SpoolEpoch> epochs;
    while (NACRE_TRY(row.step())) epochs.push_back(epoch_row(row));
    return epochs;
}

Result<std::uint64_t> SpoolStore::newest_epoch() {
    auto row = NACRE_TRY(database_.prepare("SELECT max(epoch) FROM spool_epoch"));
    return static_cast<std::uint64_t>(NACRE_TRY(only_number(std::move(row))));
}

Result<void> SpoolStore::add_epoch(std::uint64_t number, ByteView public_key,
                                   ByteView private_key) {
    auto row = NACRE_TRY(database_.prepare(
        "INSERT INTO spool_epoch (epoch, public_key, private_key, drained) "
        "VALUES (?1, ?2, ?3, 0)"));
    return row.bind(0, static_cast<std::int64_t>(number))
        .bind(1, public_key)
        .bind(2, private_key)
        .run();
}

Result<std::uint32_t> SpoolStore::erase_before(std::uint64_t number) {
    auto row = NACRE_TRY(database_.prepare(
        "UPDATE spool_epoch SET drained = 1, private_key = NULL "
        "WHERE epoch < ?1 AND private_key IS NOT NULL"));
    NACRE_TRY(row.bind(0, static_cast<std::int64_t>(number)).run());
    return static_cast<std::uint32_t>(database_.changes());
}

Result<SpoolPosition> SpoolStore::position() {
    auto row = NACRE_TRY(database_.prepare("SELECT committed, last_hash FROM spool_position"));
    if (!NACRE_TRY(row.step())) return SpoolPosition{};
    return SpoolPosition{
        .committed = number_column<std::uint64_t>(row, 0),
        .last_hash = bytes_column(row, 1),
    };
}

Result<void> SpoolStore::set_position(const SpoolPosition& position) {
    auto row = NACRE_TRY(database_.prepare(
        "INSERT INTO spool_position (one, committed, last_hash) VALUES (1, ?1, ?2) "
        "ON CONFLICT (one) DO UPDATE SET committed = excluded.committed, "
        "last_hash = excluded.last_hash"));
    return row.bind(0, static_cast<std::int64_t>(position.committed))
        .bind(1, position.last_hash)
        .run();
}

}  // namespace nacre::vault
