// AccountStore: the account this vault belongs to, a link in progress, and small named values.
//
// Layer:   vault.
// Secrets: the account's private keys, in plain Bytes; whoever reads a row keeps it briefly.
// Errors:  Database's; not_found without an account, already_linked for a different one.
// Threads: as its Database. Writing needs a transaction of the caller's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/base/bytes.h"
#include "api/base/result.h"
#include "vault/database.h"
#include "vault/service_id.h"

namespace nacre::vault {

enum class LinkState : std::uint8_t {
    not_linked = 1,  // values as nacre.v1.GetStatusResponse.AccountState
    linked = 2,
    unlinked = 3,    // the primary removed this device; the history stays
};

// What the owner set on the primary; unset until it told.
struct AccountConfiguration {
    bool read_receipts = false;
    bool typing_indicators = false;
    bool link_previews = false;
    bool sealed_sender_indicators = false;
    bool operator==(const AccountConfiguration&) const = default;
};

// Fixed at link time; a configuration that differs stops the connection.
struct FixedEnvironment {
    Bytes environment;               // a serialized courier.v1.Environment
    std::vector<Bytes> trust_roots;  // of sealed-sender certificates, public keys
    Bytes server_public_params;
    bool operator==(const FixedEnvironment&) const = default;
};

struct AccountRow {
    LinkState state = LinkState::not_linked;
    Uuid aci{};
    std::optional<Uuid> pni;
    std::string number;  // E.164
    std::uint32_t device_id = 0;
    std::string device_name;
    Bytes password;
    Bytes aci_identity_key_pair;
    Bytes pni_identity_key_pair;  // empty without a PNI
    std::uint32_t aci_registration_id = 0;
    std::uint32_t pni_registration_id = 0;
    Bytes profile_key;
    std::string account_entropy_pool;
    Bytes master_key;
    Bytes media_root_backup_key;
    Bytes auth_credential_salt;
    AccountConfiguration configuration;
    FixedEnvironment environment;
    std::int64_t linked_ms = 0;
};

// Committed before the request that creates the device, so that a crash afterwards is known.
struct PendingLink {
    AccountRow account;  // device_id 0: the server has not said
    std::int64_t requested_ms = 0;
    Bytes extra;         // what else the engine needs to finish, its own format
};

class AccountStore {
public:
    explicit AccountStore(Database& database) : database_{database} {}

    // Empty when never linked.
    Result<std::optional<AccountRow>> account();
    // Link state alone, not_linked when there is no row; cheap.
    Result<LinkState> link_state();
    // Writes the row, whole. already_linked when the vault belongs to another ACI.
    Result<void> save(const AccountRow& row);
    Result<void> set_link_state(LinkState state);
    Result<void> set_configuration(const AccountConfiguration& configuration);
    Result<void> set_keys(std::string_view account_entropy_pool, ByteView master_key,
                          ByteView media_root_backup_key);
    Result<void> set_environment(const FixedEnvironment& environment);

    // At most one link is pending.
    Result<std::optional<PendingLink>> pending_link();
    Result<void> save_pending_link(const PendingLink& pending);
    Result<void> remove_pending_link();
    // A pending link whose outcome nobody knows: the primary may list a device that nobody uses.
    // Set when one is found at start, taken back when the owner has linked again.
    Result<bool> possible_orphan();
    Result<void> set_possible_orphan(bool value);

    // The latest server time seen, for judging certificates. Returns the larger of the two; keeps
    // it, too.
    Result<std::int64_t> server_time_seen(std::int64_t server_ms);
    Result<std::int64_t> last_server_time();

    // Named values of the engine's. Names are literals with a dot: "sync.contacts_at". A number and
    // bytes of the same name are two values.
    Result<std::optional<Bytes>> meta(Literal key);
    Result<void> set_meta(Literal key, ByteView value);
    Result<void> remove_meta(Literal key);
    Result<std::optional<std::int64_t>> meta_number(Literal key);
    Result<void> set_meta_number(Literal key, std::int64_t value);
    Result<void> remove_meta_number(Literal key);

private:
    Database& database_;
};

}  // namespace nacre::vault
