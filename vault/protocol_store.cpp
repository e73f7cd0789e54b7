#include "vault/protocol_store.h"

#include <sodium.h>

#include <algorithm>

#include "vault/column.h"

namespace nacre::vault {
namespace {

constexpr std::uint32_t kMostPreKeyId = 0xffffff;

std::int64_t number(OwnIdentity own) { return static_cast<std::int64_t>(own); }

std::int64_t number(PreKeyKind kind) { return static_cast<std::int64_t>(kind); }

// The first blob of the first row, if there is one.
Result<std::optional<Bytes>> only_blob(Statement row) {
    if (!NACRE_TRY(row.step())) return std::optional<Bytes>{};
    return std::optional{bytes_column(row, 0)};
}

}  // namespace

// ---- Sessions

Result<std::optional<Bytes>> ProtocolStore::session(OwnIdentity own, const ServiceId& remote,
                                                    std::uint32_t device) {
    auto row = NACRE_TRY(database_.prepare(
        "SELECT record FROM session WHERE own = ?1 AND remote = ?2 AND device = ?3"));
    row.bind(0, number(own)).bind(1, remote.bytes).bind(2, device);
    return only_blob(std::move(row));
}

Result<void> ProtocolStore::save_session(OwnIdentity own, const ServiceId& remote,
                                         std::uint32_t device, ByteView record) {
    auto row = NACRE_TRY(database_.prepare(
        "INSERT INTO session (own, remote, device, record) VALUES (?1, ?2, ?3, ?4) "
        "ON CONFLICT (own, remote, device) DO UPDATE SET record = excluded.record"));
    return row.bind(0, number(own)).bind(1, remote.bytes).bind(2, device).bind(3, record).run();
}

Result<void> ProtocolStore::remove_session(OwnIdentity own, const ServiceId& remote,
                                           std::uint32_t device) {
    auto row = NACRE_TRY(database_.prepare(
        "DELETE FROM session WHERE own = ?1 AND remote = ?2 AND device = ?3"));
    return row.bind(0, number(own)).bind(1, remote.bytes).bind(2, device).run();
}

Result<void> ProtocolStore::remove_sessions(OwnIdentity own, const ServiceId& remote) {
    auto row =
        NACRE_TRY(database_.prepare("DELETE FROM session WHERE own = ?1 AND remote = ?2"));
    return row.bind(0, number(own)).bind(1, remote.bytes).run();
}

Result<std::vector<ProtocolStore::SessionRow>> ProtocolStore::sessions(OwnIdentity own) {
    auto row = NACRE_TRY(database_.prepare("SELECT remote, device, record FROM session WHERE own = ?1"));
    row.bind(0, number(own));
    std::vector<SessionRow> out;
    while (NACRE_TRY(row.step())) {
        SessionRow session;
        const ByteView remote = row.blob(0);
        std::copy_n(remote.begin(), std::min(remote.size(), session.remote.bytes.size()),
                    session.remote.bytes.begin());
        session.device = number_column<std::uint32_t>(row, 1);
        session.record = to_bytes(row.blob(2));
        out.push_back(std::move(session));
    }
    return out;
}

Result<std::vector<std::uint32_t>> ProtocolStore::session_devices(OwnIdentity own,
                                                                  const ServiceId& remote) {
    auto row = NACRE_TRY(database_.prepare(
        "SELECT device FROM session WHERE own = ?1 AND remote = ?2 ORDER BY device"));
    row.bind(0, number(own)).bind(1, remote.bytes);
    std::vector<std::uint32_t> devices;
    while (NACRE_TRY(row.step())) devices.push_back(number_column<std::uint32_t>(row, 0));
    return devices;
}

// ---- Identities

Result<std::optional<IdentityRow>> ProtocolStore::identity(const ServiceId& remote) {
    auto row = NACRE_TRY(database_.prepare(
        "SELECT key, previous_key, first_seen_ms, changed_ms, accepted FROM identity "
        "WHERE remote = ?1"));
    row.bind(0, remote.bytes);
    if (!NACRE_TRY(row.step())) return std::optional<IdentityRow>{};
    return std::optional{IdentityRow{
        .key = bytes_column(row, 0),
        .previous_key = bytes_column(row, 1),
        .first_seen_ms = row.integer(2),
        .changed_ms = row.integer(3),
        .accepted = row.integer(4) != 0,
    }};
}

Result<IdentityChange> ProtocolStore::save_identity(const ServiceId& remote, ByteView key,
                                                    std::int64_t now_ms) {
    const auto known = NACRE_TRY(identity(remote));
    if (!known) {
        auto row = NACRE_TRY(database_.prepare(
            "INSERT INTO identity (remote, key, previous_key, first_seen_ms, changed_ms, accepted) "
            "VALUES (?1, ?2, NULL, ?3, 0, 1)"));
        NACRE_TRY(row.bind(0, remote.bytes).bind(1, key).bind(2, now_ms).run());
        return IdentityChange::first;
    }
    if (equal(known->key, key)) return IdentityChange::same;
    auto row = NACRE_TRY(database_.prepare(
        "UPDATE identity SET previous_key = key, key = ?2, changed_ms = ?3, accepted = 0 "
        "WHERE remote = ?1"));
    NACRE_TRY(row.bind(0, remote.bytes).bind(1, key).bind(2, now_ms).run());
    return IdentityChange::changed;
}

Result<void> ProtocolStore::accept_identity(const ServiceId& remote) {
    auto row = NACRE_TRY(
        database_.prepare("UPDATE identity SET accepted = 1 WHERE remote = ?1"));
    NACRE_TRY(row.bind(0, remote.bytes).run());
    if (database_.changes() == 0) return Error{ErrorCode::not_found, "accept identity"};
    return {};
}

// ---- Pre-keys

Result<std::optional<Bytes>> ProtocolStore::pre_key(OwnIdentity own, PreKeyKind kind,
                                                    std::uint32_t id) {
    auto row = NACRE_TRY(database_.prepare(
        "SELECT record FROM pre_key WHERE own = ?1 AND kind = ?2 AND id = ?3"));
    row.bind(0, number(own)).bind(1, number(kind)).bind(2, id);
    return only_blob(std::move(row));
}

Result<void> ProtocolStore::save_pre_key(OwnIdentity own, PreKeyKind kind, const PreKeyRow& key) {
    auto row = NACRE_TRY(database_.prepare(
        "INSERT INTO pre_key (own, kind, id, record, created_ms, replaced_ms, last_resort) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (own, kind, id) DO UPDATE SET "
        "record = excluded.record, created_ms = excluded.created_ms, "
        "replaced_ms = excluded.replaced_ms, last_resort = excluded.last_resort"));
    return row.bind(0, number(own))
        .bind(1, number(kind))
        .bind(2, key.id)
        .bind(3, key.record)
        .bind(4, key.created_ms)
        .bind(5, key.replaced_ms)
        .bind(6, key.last_resort)
        .run();
}

Result<void> ProtocolStore::remove_pre_key(OwnIdentity own, PreKeyKind kind, std::uint32_t id) {
    auto row = NACRE_TRY(database_.prepare(
        "DELETE FROM pre_key WHERE own = ?1 AND kind = ?2 AND id = ?3"));
    return row.bind(0, number(own)).bind(1, number(kind)).bind(2, id).run();
}

Result<std::uint32_t> ProtocolStore::count_one_time(OwnIdentity own, PreKeyKind kind) {
    auto row = NACRE_TRY(database_.prepare(
        "SELECT count(*) FROM pre_key "
        "WHERE own = ?1 AND kind = ?2 AND replaced_ms = 0 AND last_resort = 0"));
    row.bind(0, number(own)).bind(1, number(kind));
    return static_cast<std::uint32_t>(NACRE_TRY(only_number(std::move(row))));
}

Result<std::optional<PreKeyRow>> ProtocolStore::current_pre_key(OwnIdentity own, PreKeyKind kind) {
    auto row = NACRE_TRY(database_.prepare(
        "SELECT id, record, created_ms, last_resort FROM pre_key "
        "WHERE own = ?1 AND kind = ?2 AND replaced_ms = 0 AND last_resort = (?2 = 3) "
        "ORDER BY created_ms DESC, row DESC LIMIT 1"));
    row.bind(0, number(own)).bind(1, number(kind));
    if (!NACRE_TRY(row.step())) return std::optional<PreKeyRow>{};
    return std::optional{PreKeyRow{
        .id = number_column<std::uint32_t>(row, 0),
        .record = bytes_column(row, 1),
        .created_ms = row.integer(2),
        .last_resort = row.integer(3) != 0,
    }};
}

Result<void> ProtocolStore::replace_pre_keys(OwnIdentity own, PreKeyKind kind, bool last_resort,
                                             std::int64_t now_ms) {
    auto row = NACRE_TRY(database_.prepare(
        "UPDATE pre_key SET replaced_ms = ?4 "
        "WHERE own = ?1 AND kind = ?2 AND last_resort = ?3 AND replaced_ms = 0"));
    return row.bind(0, number(own))
        .bind(1, number(kind))
        .bind(2, last_resort)
        .bind(3, now_ms)
        .run();
}

Result<void> ProtocolStore::replace_one_time(OwnIdentity own, std::int64_t created_before_ms,
                                             std::int64_t now_ms) {
    auto row = NACRE_TRY(database_.prepare(
        "UPDATE pre_key SET replaced_ms = ?3 WHERE own = ?1 AND kind IN (1, 3) "
        "AND last_resort = 0 AND replaced_ms = 0 AND created_ms < ?2"));
    return row.bind(0, number(own)).bind(1, created_before_ms).bind(2, now_ms).run();
}

Result<std::uint32_t> ProtocolStore::purge_pre_keys(std::int64_t replaced_before_ms) {
    // The uses of a last-resort key go with it: without the key nothing can be replayed.
    auto uses = NACRE_TRY(database_.prepare(
        "DELETE FROM kyber_use WHERE EXISTS (SELECT 1 FROM pre_key "
        "WHERE pre_key.own = kyber_use.own AND pre_key.kind = 3 AND pre_key.id = kyber_use.kyber_id "
        "AND replaced_ms > 0 AND replaced_ms < ?1)"));
    NACRE_TRY(uses.bind(0, replaced_before_ms).run());
    auto row = NACRE_TRY(database_.prepare(
        "DELETE FROM pre_key WHERE replaced_ms > 0 AND replaced_ms < ?1"));
    NACRE_TRY(row.bind(0, replaced_before_ms).run());
    return static_cast<std::uint32_t>(database_.changes());
}

Result<void> ProtocolStore::use_kyber(OwnIdentity own, std::uint32_t kyber_id, std::uint32_t ec_id,
                                      ByteView base_key) {
    auto one_time = NACRE_TRY(database_.prepare(
        "DELETE FROM pre_key WHERE own = ?1 AND kind = 3 AND id = ?2 AND last_resort = 0"));
    NACRE_TRY(one_time.bind(0, number(own)).bind(1, kyber_id).run());
    if (database_.changes() > 0) return {};
    auto row = NACRE_TRY(database_.prepare(
        "INSERT OR IGNORE INTO kyber_use (own, kyber_id, ec_id, base_key) "
        "VALUES (?1, ?2, ?3, ?4)"));
    NACRE_TRY(
        row.bind(0, number(own)).bind(1, kyber_id).bind(2, ec_id).bind(3, base_key).run());
    if (database_.changes() == 0) return Error{ErrorCode::duplicate, "use last-resort key"};
    return {};
}

Result<std::vector<std::uint32_t>> ProtocolStore::take_ids(OwnIdentity own, PreKeyKind kind,
                                                           std::uint32_t count) {
    std::uint32_t next = 0;
    {
        auto row = NACRE_TRY(
            database_.prepare("SELECT id FROM next_pre_key_id WHERE own = ?1 AND kind = ?2"));
        row.bind(0, number(own)).bind(1, number(kind));
        next = NACRE_TRY(row.step()) ? number_column<std::uint32_t>(row, 0)
                                     : 1 + randombytes_uniform(kMostPreKeyId);
    }
    std::vector<std::uint32_t> ids;
    ids.reserve(count);
    for (std::uint32_t i = 0; i < count; ++i) {
        ids.push_back(next);
        next = next >= kMostPreKeyId ? 1 : next + 1;
    }
    auto row = NACRE_TRY(database_.prepare(
        "INSERT INTO next_pre_key_id (own, kind, id) VALUES (?1, ?2, ?3) "
        "ON CONFLICT (own, kind) DO UPDATE SET id = excluded.id"));
    NACRE_TRY(row.bind(0, number(own)).bind(1, number(kind)).bind(2, next).run());
    return ids;
}

// ---- Sender keys

Result<std::optional<Bytes>> ProtocolStore::sender_key(const ServiceId& sender,
                                                       std::uint32_t device,
                                                       const Uuid& distribution) {
    auto row = NACRE_TRY(database_.prepare(
        "SELECT record FROM sender_key WHERE sender = ?1 AND device = ?2 AND distribution = ?3"));
    row.bind(0, sender.bytes).bind(1, device).bind(2, distribution);
    return only_blob(std::move(row));
}

Result<void> ProtocolStore::save_sender_key(const ServiceId& sender, std::uint32_t device,
                                            const Uuid& distribution, ByteView record) {
    auto row = NACRE_TRY(database_.prepare(
        "INSERT INTO sender_key (sender, device, distribution, record) VALUES (?1, ?2, ?3, ?4) "
        "ON CONFLICT (sender, device, distribution) DO UPDATE SET record = excluded.record"));
    return row.bind(0, sender.bytes)
        .bind(1, device)
        .bind(2, distribution)
        .bind(3, record)
        .run();
}

Result<void> ProtocolStore::clear_for_relink() {
    return database_.exec(
        "DELETE FROM session; DELETE FROM pre_key; DELETE FROM kyber_use; DELETE FROM sender_key");
}

}  // namespace nacre::vault
