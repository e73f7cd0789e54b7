// ProtocolStore: what libsignal keeps between messages: sessions, identities, pre-keys, sender keys.
//
// Layer:   vault. Records are libsignal's serializations, not looked into.
// Secrets: records hold private and chain keys, in plain Bytes: they go to libsignal and back, and
//          the process zeroes what it frees.
// Errors:  Database's; duplicate (a replayed use of a last-resort key), not_found (accepting an
//          identity that is not there).
// Threads: as its Database. Writing needs a transaction of the caller's.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "api/base/bytes.h"
#include "api/base/result.h"
#include "vault/database.h"
#include "vault/service_id.h"

namespace nacre::vault {

// Which of the account's two identities something belongs to.
enum class OwnIdentity : std::uint8_t { aci = 1, pni = 2 };

enum class PreKeyKind : std::uint8_t { ec = 1, signed_ec = 2, kyber = 3 };

struct IdentityRow {
    Bytes key;
    Bytes previous_key;             // empty: never changed
    std::int64_t first_seen_ms = 0;
    std::int64_t changed_ms = 0;    // 0: never changed
    bool accepted = true;           // false: sends wait for the owner
};

enum class IdentityChange : std::uint8_t { first, same, changed };

struct PreKeyRow {
    std::uint32_t id = 0;
    Bytes record;
    std::int64_t created_ms = 0;
    std::int64_t replaced_ms = 0;  // 0: in use; else kept for messages still under way
    bool last_resort = false;      // Kyber only
};

class ProtocolStore {
public:
    explicit ProtocolStore(Database& database) : database_{database} {}

    // Sessions. An absent one is an empty optional.
    Result<std::optional<Bytes>> session(OwnIdentity own, const ServiceId& remote,
                                         std::uint32_t device);
    Result<void> save_session(OwnIdentity own, const ServiceId& remote, std::uint32_t device,
                              ByteView record);
    Result<void> remove_session(OwnIdentity own, const ServiceId& remote, std::uint32_t device);
    Result<void> remove_sessions(OwnIdentity own, const ServiceId& remote);
    struct SessionRow {
        ServiceId remote;
        std::uint32_t device = 0;
        Bytes record;
    };
    // All of one own identity's.
    Result<std::vector<SessionRow>> sessions(OwnIdentity own);
    // Ascending. Whether a record still has a current state, only libsignal can tell.
    Result<std::vector<std::uint32_t>> session_devices(OwnIdentity own, const ServiceId& remote);

    // Identities of others (and of our own account as seen from other devices).
    Result<std::optional<IdentityRow>> identity(const ServiceId& remote);
    // The first key is accepted by itself; a changed one is not, and the former becomes
    // previous_key. The same key writes nothing.
    Result<IdentityChange> save_identity(const ServiceId& remote, ByteView key,
                                         std::int64_t now_ms);
    // not_found when there is none.
    Result<void> accept_identity(const ServiceId& remote);

    // Pre-keys.
    Result<std::optional<Bytes>> pre_key(OwnIdentity own, PreKeyKind kind, std::uint32_t id);
    Result<void> save_pre_key(OwnIdentity own, PreKeyKind kind, const PreKeyRow& row);
    Result<void> remove_pre_key(OwnIdentity own, PreKeyKind kind, std::uint32_t id);
    // One-time keys in use: neither replaced nor last resort.
    Result<std::uint32_t> count_one_time(OwnIdentity own, PreKeyKind kind);
    // The signed key, or with kyber the last-resort key, that is in use.
    Result<std::optional<PreKeyRow>> current_pre_key(OwnIdentity own, PreKeyKind kind);
    // Marks every key of the kind and sort that is in use as replaced, before new ones are saved.
    // Signed keys and last_resort: `last_resort` true for Kyber's, ignored for signed ones.
    Result<void> replace_pre_keys(OwnIdentity own, PreKeyKind kind, bool last_resort,
                                  std::int64_t now_ms);
    // Marks one-time keys made before `created_before_ms` as replaced.
    Result<void> replace_one_time(OwnIdentity own, std::int64_t created_before_ms,
                                  std::int64_t now_ms);
    // Removes keys that were replaced before the time. Returns how many.
    Result<std::uint32_t> purge_pre_keys(std::int64_t replaced_before_ms);
    // Called when a pre-key message used a Kyber key: a one-time one is removed; a last-resort one
    // stays and the use is noted. The same use again: duplicate, and the message is a replay.
    Result<void> use_kyber(OwnIdentity own, std::uint32_t kyber_id, std::uint32_t ec_id,
                           ByteView base_key);
    // The next `count` ids of the kind: from a random start upwards, 24 bits, never 0.
    Result<std::vector<std::uint32_t>> take_ids(OwnIdentity own, PreKeyKind kind,
                                                std::uint32_t count);

    // Sender keys.
    Result<std::optional<Bytes>> sender_key(const ServiceId& sender, std::uint32_t device,
                                            const Uuid& distribution);
    Result<void> save_sender_key(const ServiceId& sender, std::uint32_t device,
                                 const Uuid& distribution, ByteView record);

    // Everything of the former registration, before linking anew: sessions, pre-keys, sender keys.
    // Identities of others stay.
    Result<void> clear_for_relink();

private:
    Database& database_;
};

}  // namespace nacre::vault
