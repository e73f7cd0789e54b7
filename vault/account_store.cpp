#include "vault/account_store.h"

#include <algorithm>

#include "vault/column.h"

namespace nacre::vault {
namespace {

enum Slot : std::int64_t { kAccount = 1, kPending = 2 };

constexpr Literal kOrphanKey = "link.possible_orphan";
constexpr Literal kServerTimeKey = "server.time_seen";

std::int64_t pack(const AccountConfiguration& configuration) {
    return (configuration.read_receipts ? 1 : 0) | (configuration.typing_indicators ? 2 : 0) |
           (configuration.link_previews ? 4 : 0) |
           (configuration.sealed_sender_indicators ? 8 : 0);
}

AccountConfiguration unpack(std::int64_t bits) {
    return {
        .read_receipts = (bits & 1) != 0,
        .typing_indicators = (bits & 2) != 0,
        .link_previews = (bits & 4) != 0,
        .sealed_sender_indicators = (bits & 8) != 0,
    };
}

// Each behind its length in one byte: public keys are short.
Result<Bytes> pack(const std::vector<Bytes>& roots) {
    Bytes out;
    for (const Bytes& root : roots) {
        if (root.size() > 255) return Error{ErrorCode::invalid_argument, "save trust roots"};
        out.push_back(static_cast<std::uint8_t>(root.size()));
        out.insert(out.end(), root.begin(), root.end());
    }
    return out;
}

std::vector<Bytes> unpack(ByteView packed) {
    std::vector<Bytes> roots;
    while (!packed.empty()) {
        const std::size_t length = std::min<std::size_t>(packed[0], packed.size() - 1);
        roots.push_back(to_bytes(packed.subspan(1, length)));
        packed = packed.subspan(1 + length);
    }
    return roots;
}

struct Stored {
    AccountRow account;
    std::int64_t at_ms = 0;
    Bytes extra;
};

Stored stored_row(const Statement& row) {
    return {
        .account =
            {
                .state = number_column<LinkState>(row, 0),
                .aci = array_column<16>(row, 1),
                .pni = optional_uuid_column(row, 2),
                .number = text_column(row, 3),
                .device_id = number_column<std::uint32_t>(row, 4),
                .device_name = text_column(row, 5),
                .password = bytes_column(row, 6),
                .aci_identity_key_pair = bytes_column(row, 7),
                .pni_identity_key_pair = bytes_column(row, 8),
                .aci_registration_id = number_column<std::uint32_t>(row, 9),
                .pni_registration_id = number_column<std::uint32_t>(row, 10),
                .profile_key = bytes_column(row, 11),
                .account_entropy_pool = text_column(row, 12),
                .master_key = bytes_column(row, 13),
                .media_root_backup_key = bytes_column(row, 14),
                .auth_credential_salt = bytes_column(row, 15),
                .configuration = unpack(row.integer(16)),
                .environment =
                    {
                        .environment = bytes_column(row, 17),
                        .trust_roots = unpack(row.blob(18)),
                        .server_public_params = bytes_column(row, 19),
                    },
                .linked_ms = row.integer(20),
            },
        .at_ms = row.integer(20),
        .extra = bytes_column(row, 21),
    };
}

Result<std::optional<Stored>> read_slot(Database& database, Slot slot) {
    auto row = NACRE_TRY(database.prepare(
        "SELECT state, aci, pni, number, device_id, device_name, password, aci_identity_key_pair, "
        "pni_identity_key_pair, aci_registration_id, pni_registration_id, profile_key, "
        "account_entropy_pool, master_key, media_root_backup_key, auth_credential_salt, "
        "configuration, environment, trust_roots, server_public_params, at_ms, extra "
        "FROM account WHERE slot = ?1"));
    row.bind(0, slot);
    if (!NACRE_TRY(row.step())) return std::optional<Stored>{};
    return std::optional{stored_row(row)};
}

Result<void> write_slot(Database& database, Slot slot, const Stored& stored) {
    const AccountRow& account = stored.account;
    const Bytes roots = NACRE_TRY(pack(account.environment.trust_roots));
    auto row = NACRE_TRY(database.prepare(
        "INSERT OR REPLACE INTO account (slot, state, aci, pni, number, device_id, device_name, "
        "password, aci_identity_key_pair, pni_identity_key_pair, aci_registration_id, "
        "pni_registration_id, profile_key, account_entropy_pool, master_key, "
        "media_root_backup_key, auth_credential_salt, configuration, environment, trust_roots, "
        "server_public_params, at_ms, extra) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, "
        "?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23)"));
    row.bind(0, slot).bind(1, static_cast<std::int64_t>(account.state)).bind(2, account.aci);
    bind_optional(row, 3, account.pni);
    return row.bind(4, account.number)
        .bind(5, account.device_id)
        .bind(6, account.device_name)
        .bind(7, account.password)
        .bind(8, account.aci_identity_key_pair)
        .bind(9, account.pni_identity_key_pair)
        .bind(10, account.aci_registration_id)
        .bind(11, account.pni_registration_id)
        .bind(12, account.profile_key)
        .bind(13, account.account_entropy_pool)
        .bind(14, account.master_key)
        .bind(15, account.media_root_backup_key)
        .bind(16, account.auth_credential_salt)
        .bind(17, pack(account.configuration))
        .bind(18, account.environment.environment)
        .bind(19, roots)
        .bind(20, account.environment.server_public_params)
        .bind(21, stored.at_ms)
        .bind(22, stored.extra)
        .run();
}

Result<void> changed_account(Database& database, Statement row) {
    NACRE_TRY(row.run());
    if (database.changes() == 0) return Error{ErrorCode::not_found, "change the account"};
    return {};
}

}  // namespace

Result<std::optional<AccountRow>> AccountStore::account() {
    auto stored = NACRE_TRY(read_slot(database_, kAccount));
    if (!stored) return std::optional<AccountRow>{};
    return std::optional{std::move(stored->account)};
}

Result<LinkState> AccountStore::link_state() {
    auto row = NACRE_TRY(database_.prepare("SELECT state FROM account WHERE slot = 1"));
    if (!NACRE_TRY(row.step())) return LinkState::not_linked;
    return number_column<LinkState>(row, 0);
}

Result<void> AccountStore::save(const AccountRow& account) {
    const auto present = NACRE_TRY(read_slot(database_, kAccount));
    if (present && present->account.aci != account.aci) {
        return Error{ErrorCode::already_linked, "save another account"};
    }
    return write_slot(
        database_, kAccount, {.account = account, .at_ms = account.linked_ms, .extra = {}});
}

Result<void> AccountStore::set_link_state(LinkState state) {
    auto row = NACRE_TRY(database_.prepare("UPDATE account SET state = ?1 WHERE slot = 1"));
    row.bind(0, static_cast<std::int64_t>(state));
    return changed_account(database_, std::move(row));
}

Result<void> AccountStore::set_configuration(const AccountConfiguration& configuration) {
    auto row = NACRE_TRY(database_.prepare("UPDATE account SET configuration = ?1 WHERE slot = 1"));
    row.bind(0, pack(configuration));
    return changed_account(database_, std::move(row));
}

Result<void> AccountStore::set_keys(std::string_view account_entropy_pool, ByteView master_key,
                                    ByteView media_root_backup_key) {
    auto row = NACRE_TRY(database_.prepare(
        "UPDATE account SET account_entropy_pool = ?1, master_key = ?2, "
        "media_root_backup_key = ?3 WHERE slot = 1"));
    row.bind(0, account_entropy_pool).bind(1, master_key).bind(2, media_root_backup_key);
    return changed_account(database_, std::move(row));
}

Result<void> AccountStore::set_environment(const FixedEnvironment& environment) {
    const Bytes roots = NACRE_TRY(pack(environment.trust_roots));
    auto row = NACRE_TRY(database_.prepare(
        "UPDATE account SET environment = ?1, trust_roots = ?2, server_public_params = ?3 "
        "WHERE slot = 1"));
    row.bind(0, environment.environment).bind(1, roots).bind(2, environment.server_public_params);
    return changed_account(database_, std::move(row));
}

// ---- Pending link

Result<std::optional<PendingLink>> AccountStore::pending_link() {
    auto stored = NACRE_TRY(read_slot(database_, kPending));
    if (!stored) return std::optional<PendingLink>{};
    stored->account.linked_ms = 0;
    return std::optional{PendingLink{
        .account = std::move(stored->account),
        .requested_ms = stored->at_ms,
        .extra = std::move(stored->extra),
    }};
}

Result<void> AccountStore::save_pending_link(const PendingLink& pending) {
    return write_slot(
        database_,
        kPending,
        {.account = pending.account, .at_ms = pending.requested_ms, .extra = pending.extra});
}

Result<void> AccountStore::remove_pending_link() {
    auto row = NACRE_TRY(database_.prepare("DELETE FROM account WHERE slot = 2"));
    return row.run();
}

Result<bool> AccountStore::possible_orphan() {
    return NACRE_TRY(meta_number(kOrphanKey)).value_or(0) != 0;
}

Result<void> AccountStore::set_possible_orphan(bool value) {
    return set_meta_number(kOrphanKey, value ? 1 : 0);
}

// ---- Named values

Result<std::int64_t> AccountStore::server_time_seen(std::int64_t server_ms) {
    const std::int64_t before = NACRE_TRY(last_server_time());
    if (server_ms > before) NACRE_TRY(set_meta_number(kServerTimeKey, server_ms));
    return std::max(server_ms, before);
}

Result<std::int64_t> AccountStore::last_server_time() {
    return NACRE_TRY(meta_number(kServerTimeKey)).value_or(0);
}

Result<std::optional<Bytes>> AccountStore::meta(Literal key) {
    auto row = NACRE_TRY(database_.prepare("SELECT value FROM meta WHERE key = ?1"));
    row.bind(0, std::string_view{key.c_str()});
    if (!NACRE_TRY(row.step())) return std::optional<Bytes>{};
    return std::optional{bytes_column(row, 0)};
}

Result<void> AccountStore::set_meta(Literal key, ByteView value) {
    auto row = NACRE_TRY(database_.prepare(
        "INSERT INTO meta (key, value) VALUES (?1, ?2) "
        "ON CONFLICT (key) DO UPDATE SET value = excluded.value"));
    return row.bind(0, std::string_view{key.c_str()}).bind(1, value).run();
}

Result<void> AccountStore::remove_meta(Literal key) {
    auto row = NACRE_TRY(database_.prepare("DELETE FROM meta WHERE key = ?1"));
    return row.bind(0, std::string_view{key.c_str()}).run();
}

Result<std::optional<std::int64_t>> AccountStore::meta_number(Literal key) {
    auto row = NACRE_TRY(database_.prepare("SELECT value FROM counter WHERE key = ?1"));
    row.bind(0, std::string_view{key.c_str()});
    if (!NACRE_TRY(row.step())) return std::optional<std::int64_t>{};
    return std::optional{row.integer(0)};
}

Result<void> AccountStore::set_meta_number(Literal key, std::int64_t value) {
    auto row = NACRE_TRY(database_.prepare(
        "INSERT INTO counter (key, value) VALUES (?1, ?2) "
        "ON CONFLICT (key) DO UPDATE SET value = excluded.value"));
    return row.bind(0, std::string_view{key.c_str()}).bind(1, value).run();
}

Result<void> AccountStore::remove_meta_number(Literal key) {
    auto row = NACRE_TRY(database_.prepare("DELETE FROM counter WHERE key = ?1"));
    return row.bind(0, std::string_view{key.c_str()}).run();
}

}  // namespace nacre::vault
