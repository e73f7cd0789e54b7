#include "vault/recipient_store.h"

#include <algorithm>

#include "vault/column.h"
#include "vault/fold.h"
#include "vault/recipient_merge.h"

namespace nacre::vault {
namespace {

constexpr std::uint32_t kMostListed = 500;
constexpr std::size_t kShortId = 8;
constexpr std::size_t kProfileKeyBytes = 32;

// Bits of the column `flags`.
constexpr std::int64_t kContact = 1;
constexpr std::int64_t kBlocked = 2;
constexpr std::int64_t kUnregistered = 4;

std::optional<Uuid> service_uuid_column(const Statement& row, int column) {
    if (row.is_null(column)) return std::nullopt;
    return ServiceId{array_column<17>(row, column)}.uuid();
}

// Columns of recipient_view.
RecipientRow recipient_row(const Statement& row) {
    const std::int64_t flags = row.integer(10);
    return {
        .row = row.integer(0),
        .id = id_column(row, 1),
        .aci = service_uuid_column(row, 2),
        .pni = service_uuid_column(row, 3),
        .e164 = text_column(row, 4),
        .contact_name = text_column(row, 6),
        .profile_name = text_column(row, 7),
        .profile_key = bytes_column(row, 8),
        .access = number_column<AccessMode>(row, 9),
        .contact = (flags & kContact) != 0,
        .blocked = (flags & kBlocked) != 0,
        .self = !row.is_null(5),
        .unregistered = (flags & kUnregistered) != 0,
        .identity_changed = row.integer(11) != 0,
    };
}

Result<std::optional<RecipientRow>> only_recipient(Statement row) {
    if (!NACRE_TRY(row.step())) return std::optional<RecipientRow>{};
    return std::optional{recipient_row(row)};
}

void bind_service_id(Statement& row, int index, const std::optional<ServiceId>& id) {
    if (id) {
        row.bind(index, id->bytes);
    } else {
        row.bind_null(index);
    }
}

// Everything but the row and the id, in the order that both statements have.
void bind_recipient(Statement& row, int index, const RecipientRow& recipient) {
    std::optional<ServiceId> aci;
    std::optional<ServiceId> pni;
    if (recipient.aci) aci = ServiceId::aci(*recipient.aci);
    if (recipient.pni) pni = ServiceId::pni(*recipient.pni);
    bind_service_id(row, index, aci);
    bind_service_id(row, index + 1, pni);
    bind_optional(row, index + 2, std::string_view{recipient.e164});
    if (recipient.self) {
        row.bind(index + 3, 1);
    } else {
        row.bind_null(index + 3);
    }
    const std::int64_t flags = (recipient.contact ? kContact : 0) |
                               (recipient.blocked ? kBlocked : 0) |
                               (recipient.unregistered ? kUnregistered : 0);
    row.bind(index + 4, recipient.contact_name)
        .bind(index + 5, recipient.profile_name)
        .bind(index + 6, recipient.profile_key)
        .bind(index + 7, static_cast<std::int64_t>(recipient.access))
        .bind(index + 8, flags)
        .bind(index + 9, fold_text(recipient.display_name()))
        .bind(index + 10,
              fold_text(recipient.contact_name + '\n' + recipient.profile_name + '\n' +
                        recipient.e164));
}

bool has_words(std::string_view text, const std::vector<std::string>& words) {
    return std::all_of(words.begin(), words.end(), [&](const std::string& word) {
        return text.find(word) != std::string_view::npos;
    });
}

std::vector<std::string> utf8_words(std::string_view query) {
    std::vector<std::string> out;
    for (const std::u32string& word : query_words(query)) {
        std::string text;
        for (const char32_t c : word) append_utf8(c, text);
        out.push_back(std::move(text));
    }
    return out;
}

}  // namespace

std::string RecipientRow::display_name() const {
    if (!contact_name.empty()) return contact_name;
    if (!profile_name.empty()) return profile_name;
    if (!e164.empty()) return e164;
    return id.text().substr(0, kShortId);
}

std::optional<ServiceId> RecipientRow::service_id() const {
    if (aci) return ServiceId::aci(*aci);
    if (pni) return ServiceId::pni(*pni);
    return std::nullopt;
}

// ---- Finding

Result<std::optional<RecipientRow>> RecipientStore::find(std::int64_t which) {
    auto row = NACRE_TRY(database_.prepare("SELECT * FROM recipient_view WHERE row = ?1"));
    row.bind(0, which);
    return only_recipient(std::move(row));
}

Result<std::optional<RecipientRow>> RecipientStore::find(const Id& id) {
    auto row = NACRE_TRY(database_.prepare("SELECT * FROM recipient_view WHERE id = ?1"));
    row.bind(0, id.bytes);
    return only_recipient(std::move(row));
}

Result<std::optional<RecipientRow>> RecipientStore::find_aci(const Uuid& aci) {
    auto row = NACRE_TRY(database_.prepare("SELECT * FROM recipient_view WHERE aci = ?1"));
    row.bind(0, ServiceId::aci(aci).bytes);
    return only_recipient(std::move(row));
}

Result<std::optional<RecipientRow>> RecipientStore::find_pni(const Uuid& pni) {
    auto row = NACRE_TRY(database_.prepare("SELECT * FROM recipient_view WHERE pni = ?1"));
    row.bind(0, ServiceId::pni(pni).bytes);
    return only_recipient(std::move(row));
}

Result<std::optional<RecipientRow>> RecipientStore::find_service_id(const ServiceId& service_id) {
    return service_id.is_pni() ? find_pni(service_id.uuid()) : find_aci(service_id.uuid());
}

Result<std::optional<RecipientRow>> RecipientStore::find_e164(std::string_view e164) {
    auto row = NACRE_TRY(database_.prepare("SELECT * FROM recipient_view WHERE e164 = ?1"));
    row.bind(0, e164);
    return only_recipient(std::move(row));
}

Result<std::optional<RecipientRow>> RecipientStore::self() {
    return only_recipient(
        NACRE_TRY(database_.prepare("SELECT * FROM recipient_view WHERE self = 1")));
}

Result<RecipientRow> RecipientStore::at(std::int64_t which) {
    auto found = NACRE_TRY(find(which));
    if (!found) return Error{ErrorCode::not_found, "find recipient"};
    return *std::move(found);
}

Result<RecipientRow> RecipientStore::resolve(std::string_view text) {
    std::optional<RecipientRow> found;
    if (const auto id = Id::parse(text)) found = NACRE_TRY(find(*id));
    if (const auto service_id = ServiceId::parse(text); !found && service_id) {
        found = NACRE_TRY(find_service_id(*service_id));
    }
    if (!found && text.starts_with('+')) found = NACRE_TRY(find_e164(text));
    if (found) return *std::move(found);

    auto row =
        NACRE_TRY(database_.prepare("SELECT * FROM recipient_view WHERE sort_name = ?1 LIMIT 2"));
    row.bind(0, fold_text(text));
    if (!NACRE_TRY(row.step())) return Error{ErrorCode::not_found, "resolve recipient"};
    RecipientRow only = recipient_row(row);
    if (NACRE_TRY(row.step())) {
        return Error{ErrorCode::invalid_argument, "resolve a name that several have"};
    }
    return only;
}

// ---- Making

Result<RecipientRow> RecipientStore::insert(RecipientRow recipient) {
    recipient.id = Id::random();
    auto row = NACRE_TRY(database_.prepare(
        "INSERT INTO recipient (id, aci, pni, e164, self, contact_name, profile_name, profile_key, "
        "access, flags, sort_name, search_text) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"));
    row.bind(0, recipient.id.bytes);
    bind_recipient(row, 1, recipient);
    NACRE_TRY(row.run());
    recipient.row = database_.last_insert_rowid();
    return recipient;
}

Result<void> RecipientStore::write(const RecipientRow& recipient) {
    auto row = NACRE_TRY(database_.prepare(
        "UPDATE recipient SET aci = ?2, pni = ?3, e164 = ?4, self = ?5, contact_name = ?6, "
        "profile_name = ?7, profile_key = ?8, access = ?9, flags = ?10, sort_name = ?11, "
        "search_text = ?12 WHERE row = ?1"));
    row.bind(0, recipient.row);
    bind_recipient(row, 1, recipient);
    return row.run();
}

// `from` ends; what it knew and `into` does not, goes over, and so does everything written.
Result<void> RecipientStore::absorb(RecipientRow from, RecipientRow& into) {
    NACRE_TRY(merge_recipients(database_, from.row, into.row));
    if (into.contact_name.empty()) into.contact_name = std::move(from.contact_name);
    if (into.profile_name.empty()) into.profile_name = std::move(from.profile_name);
    if (into.profile_key.empty()) into.profile_key = std::move(from.profile_key);
    if (into.e164.empty()) into.e164 = std::move(from.e164);
    if (!into.pni) into.pni = from.pni;
    into.contact |= from.contact;
    into.blocked |= from.blocked;
    into.self |= from.self;
    return write(into);
}

Result<RecipientRow> RecipientStore::ensure(const ServiceId& service_id) {
    auto found = NACRE_TRY(find_service_id(service_id));
    if (found) return *std::move(found);
    RecipientRow made;
    (service_id.is_pni() ? made.pni : made.aci) = service_id.uuid();
    return insert(std::move(made));
}

Result<RecipientRow> RecipientStore::ensure(const Uuid& aci, std::string_view e164) {
    auto by_aci = NACRE_TRY(find_aci(aci));
    std::optional<RecipientRow> by_number;
    if (!e164.empty()) by_number = NACRE_TRY(find_e164(e164));
    if (by_aci && (e164.empty() || (by_number && by_number->row == by_aci->row))) {
        return *std::move(by_aci);
    }
    if (by_number && by_number->aci) {  // the number has moved to another account
        by_number->e164.clear();
        NACRE_TRY(write(*by_number));
        by_number.reset();
    }
    if (by_aci && by_number) {
        by_aci->e164.clear();  // an old one, if any
        NACRE_TRY(absorb(*std::move(by_number), *by_aci));
        return *std::move(by_aci);
    }
    RecipientRow recipient;
    if (by_aci) recipient = *std::move(by_aci);
    if (by_number) recipient = *std::move(by_number);
    recipient.aci = aci;
    recipient.e164 = e164;
    if (recipient.row == 0) return insert(std::move(recipient));
    NACRE_TRY(write(recipient));
    return recipient;
}

Result<RecipientRow> RecipientStore::ensure_self(const Uuid& aci, const std::optional<Uuid>& pni,
                                                 std::string_view e164) {
    auto recipient = NACRE_TRY(ensure(aci, e164));
    if (pni && recipient.pni != pni) {
        NACRE_TRY(set_pni(recipient.row, *pni));
        recipient = NACRE_TRY(at(recipient.row));
    }
    if (recipient.self) return recipient;
    recipient.self = true;
    NACRE_TRY(write(recipient));
    return recipient;
}

// ---- Changing

Result<ContactResult> RecipientStore::update_contact(const ContactUpdate& contact) {
    RecipientRow recipient;
    if (contact.aci) {
        recipient = NACRE_TRY(ensure(*contact.aci, contact.e164));
    } else if (contact.e164.empty()) {
        return Error{ErrorCode::invalid_argument, "update a contact without address"};
    } else if (auto found = NACRE_TRY(find_e164(contact.e164))) {
        recipient = *std::move(found);
    } else {
        recipient.e164 = contact.e164;
        recipient = NACRE_TRY(insert(std::move(recipient)));
    }
    const bool new_key =
        contact.profile_key.size() == kProfileKeyBytes && contact.profile_key != recipient.profile_key;
    if (recipient.contact && recipient.contact_name == contact.name && !new_key) {
        return ContactResult{.row = recipient.row, .changed = false};
    }
    recipient.contact = true;
    recipient.contact_name = contact.name;
    if (new_key) {
        recipient.profile_key = contact.profile_key;
        recipient.access = AccessMode::unknown;
    }
    NACRE_TRY(write(recipient));
    return ContactResult{.row = recipient.row, .changed = true};
}

Result<std::uint32_t> RecipientStore::forget_contacts_except(
    const std::vector<std::int64_t>& kept) {
    std::vector<RecipientRow> gone;
    {
        auto row =
            NACRE_TRY(database_.prepare("SELECT * FROM recipient_view WHERE (flags & 1) = 1"));
        while (NACRE_TRY(row.step())) {
            if (std::find(kept.begin(), kept.end(), row.integer(0)) == kept.end()) {
                gone.push_back(recipient_row(row));
            }
        }
    }
    for (RecipientRow& recipient : gone) {
        recipient.contact = false;
        recipient.contact_name.clear();
        NACRE_TRY(write(recipient));
    }
    return static_cast<std::uint32_t>(gone.size());
}

Result<void> RecipientStore::set_blocked(const std::vector<Uuid>& acis,
                                         const std::vector<std::string>& numbers) {
    NACRE_TRY(database_.exec("UPDATE recipient SET flags = flags & ~2 WHERE flags & 2"));
    std::vector<RecipientRow> blocked;
    for (const Uuid& aci : acis) blocked.push_back(NACRE_TRY(ensure(aci, {})));
    for (const std::string& number : numbers) {
        if (number.empty()) continue;
        auto found = NACRE_TRY(find_e164(number));
        if (!found) {
            RecipientRow made;
            made.e164 = number;
            found = NACRE_TRY(insert(std::move(made)));
        }
        blocked.push_back(*std::move(found));
    }
    for (RecipientRow& recipient : blocked) {
        recipient.blocked = true;
        NACRE_TRY(write(recipient));
    }
    return {};
}

Result<void> RecipientStore::set_profile_key(std::int64_t row, ByteView key) {
    if (key.size() != kProfileKeyBytes) {
        return Error{ErrorCode::invalid_argument, "set profile key"};
    }
    auto recipient = NACRE_TRY(at(row));
    if (equal(recipient.profile_key, key)) return {};
    recipient.profile_key = to_bytes(key);
    recipient.access = AccessMode::unknown;
    return write(recipient);
}

Result<void> RecipientStore::set_profile_name(std::int64_t row, std::string_view name) {
    auto recipient = NACRE_TRY(at(row));
    if (recipient.profile_name == name) return {};
    recipient.profile_name = name;
    return write(recipient);
}

Result<void> RecipientStore::set_pni(std::int64_t row, const Uuid& pni) {
    auto recipient = NACRE_TRY(at(row));
    if (recipient.pni == pni) return {};
    auto holder = NACRE_TRY(find_pni(pni));
    recipient.pni = pni;
    if (holder && !holder->aci) return absorb(*std::move(holder), recipient);
    if (holder) {
        holder->pni.reset();
        NACRE_TRY(write(*holder));
    }
    return write(recipient);
}

Result<void> RecipientStore::set_access(std::int64_t row, AccessMode access) {
    auto recipient = NACRE_TRY(at(row));
    if (recipient.access == access) return {};
    recipient.access = access;
    return write(recipient);
}

Result<void> RecipientStore::set_unregistered(std::int64_t row, bool unregistered) {
    auto recipient = NACRE_TRY(at(row));
    if (recipient.unregistered == unregistered) return {};
    recipient.unregistered = unregistered;
    return write(recipient);
}

// ---- Listing

Result<RecipientPage> RecipientStore::list(std::string_view query, const PageRequest& page) {
    const std::vector<std::string> words = utf8_words(query);
    RecipientRow last;
    if (!page.token.empty()) {
        const auto position = NACRE_TRY(parse_page_token(PageKind::recipients, query, page.token));
        const auto found = NACRE_TRY(find(position.id));
        if (!found) return Error{ErrorCode::invalid_argument, "go on after a recipient"};
        last = *found;
    }
    // Some thousand people at most: sorted anew each time, the words looked for in each.
    auto row = NACRE_TRY(database_.prepare(
        "SELECT * FROM recipient_view WHERE ((flags & 1) = 0, sort_name, id) > (?1, ?2, ?3) "
        "ORDER BY (flags & 1) = 0, sort_name, id"));
    const bool first = last.row == 0;
    row.bind(0, first ? -1 : (last.contact ? 0 : 1));
    row.bind(1, first ? std::string{} : fold_text(last.display_name())).bind(2, last.id.bytes);
    const std::uint32_t limit = page_limit(page.limit, kMostListed);
    RecipientPage listed;
    while (NACRE_TRY(row.step())) {
        if (!has_words(row.text(13), words)) continue;
        if (listed.recipients.size() == limit) {
            listed.next_token = page_token(
                PageKind::recipients, query, {.order = 0, .id = listed.recipients.back().id});
            break;
        }
        listed.recipients.push_back(recipient_row(row));
    }
    return listed;
}

}  // namespace nacre::vault
