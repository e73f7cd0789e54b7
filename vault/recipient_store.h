// RecipientStore: the people who write or are written to.
//
// Layer:   vault.
// Secrets: names, numbers and profile keys; never logged.
// Errors:  Database's; not_found; invalid_argument (page token).
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
#include "vault/id.h"
#include "vault/page.h"
#include "vault/service_id.h"

namespace nacre::vault {

// Whether the server takes sealed messages for them with the key we derive.
enum class AccessMode : std::uint8_t { unknown = 0, sealed = 1, denied = 2 };

struct RecipientRow {
    std::int64_t row = 0;  // within this database only; never leaves the daemon
    Id id;
    std::optional<Uuid> aci;
    std::optional<Uuid> pni;
    std::string e164;
    std::string contact_name;
    std::string profile_name;
    Bytes profile_key;  // 32 bytes, empty when unknown
    AccessMode access = AccessMode::unknown;
    bool contact = false;  // the primary's contact sync listed them
    bool blocked = false;
    bool self = false;
    bool unregistered = false;
    bool identity_changed = false;  // from the identity of the ACI; read-only

    // Contact name, else profile name, else number, else the first eight characters of the id.
    std::string display_name() const;
    // Where to send: the ACI, else the PNI.
    std::optional<ServiceId> service_id() const;
};

// One entry of a contact sync.
struct ContactUpdate {
    std::optional<Uuid> aci;
    std::string e164;
    std::string name;
    Bytes profile_key;
};

struct ContactResult {
    std::int64_t row = 0;
    bool changed = false;
};

struct RecipientPage {
    std::vector<RecipientRow> recipients;
    std::string next_token;
};

class RecipientStore {
public:
    explicit RecipientStore(Database& database) : database_{database} {}

    Result<std::optional<RecipientRow>> find(std::int64_t row);
    Result<std::optional<RecipientRow>> find(const Id& id);
    Result<std::optional<RecipientRow>> find_aci(const Uuid& aci);
    Result<std::optional<RecipientRow>> find_pni(const Uuid& pni);
    Result<std::optional<RecipientRow>> find_service_id(const ServiceId& service_id);
    Result<std::optional<RecipientRow>> find_e164(std::string_view e164);
    Result<std::optional<RecipientRow>> self();
    // What the owner typed: an id, a UUID, an E.164 number, or the exact (folded) display name if
    // only one has it. not_found, or invalid_argument when several have the name.
    Result<RecipientRow> resolve(std::string_view text);

    // The one with the service id, made if there is none.
    Result<RecipientRow> ensure(const ServiceId& service_id);
    // The one that ACI and number belong to, made if there is none; a row known by number alone is
    // taken over, and two rows become one (messages and conversations go along). `e164` may be
    // empty.
    Result<RecipientRow> ensure(const Uuid& aci, std::string_view e164);
    Result<RecipientRow> ensure_self(const Uuid& aci, const std::optional<Uuid>& pni,
                                     std::string_view e164);

    // invalid_argument without ACI and number.
    Result<ContactResult> update_contact(const ContactUpdate& contact);
    // After a full sync: those not in `kept` (rows) are no contacts any longer. Returns how many.
    Result<std::uint32_t> forget_contacts_except(const std::vector<std::int64_t>& kept);
    // The blocked list, whole: everybody else is not blocked.
    Result<void> set_blocked(const std::vector<Uuid>& acis,
                             const std::vector<std::string>& numbers);
    Result<void> set_profile_key(std::int64_t row, ByteView key);  // resets access to unknown
    Result<void> set_profile_name(std::int64_t row, std::string_view name);
    Result<void> set_pni(std::int64_t row, const Uuid& pni);
    Result<void> set_access(std::int64_t row, AccessMode access);
    Result<void> set_unregistered(std::int64_t row, bool unregistered);

    // By name, contacts first, with every word of the query a substring of names or number, folded.
    // An empty query lists all. Pages of at most 500.
    Result<RecipientPage> list(std::string_view query, const PageRequest& page);

private:
    Result<RecipientRow> at(std::int64_t row);
    Result<RecipientRow> insert(RecipientRow recipient);
    Result<void> write(const RecipientRow& recipient);
    Result<void> absorb(RecipientRow from, RecipientRow& into);

    Database& database_;
};

}  // namespace nacre::vault
