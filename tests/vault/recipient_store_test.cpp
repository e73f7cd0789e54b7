#include "vault/recipient_store.h"

#include <catch2/generators/catch_generators.hpp>

#include "tests/support/matchers.h"
#include "tests/vault/store_fixture.h"

namespace nacre::vault {
namespace {

using tests::FailsWith;
using tests::kNow;
using tests::uuid;

struct Fixture : tests::StoreFixture {
    std::vector<std::string> names(std::string_view query) {
        std::vector<std::string> out;
        const auto page = *recipients.list(query, {});
        for (const auto& row : page.recipients) out.push_back(row.display_name());
        return out;
    }
    std::int64_t contact(std::uint8_t fill, std::string_view name, std::string_view number = "") {
        return recipients
            .update_contact({.aci = uuid(fill),
                             .e164 = std::string{number},
                             .name = std::string{name},
                             .profile_key = {}})
            ->row;
    }
};

TEST_CASE("recipient store: finds by every address", "[vault][recipient_store]") {
    Fixture f;
    CHECK(f.recipients.find_aci(uuid(3)).value()->row == f.bob.row);
    CHECK(f.recipients.find_e164("+491510000003").value()->row == f.bob.row);
    CHECK(f.recipients.find(f.bob.id).value()->row == f.bob.row);
    CHECK(f.recipients.find(f.bob.row).value()->id == f.bob.id);
    CHECK(f.recipients.find_service_id(ServiceId::aci(uuid(3))).value()->row == f.bob.row);
    CHECK(f.recipients.find_pni(uuid(2)).value()->self);
    CHECK(f.recipients.self().value()->row == f.self.row);
    CHECK_FALSE(f.recipients.find_aci(uuid(99)).value());
    const auto stranger = *f.recipients.ensure(ServiceId::pni(uuid(50)));
    CHECK(stranger.service_id()->is_pni());
    CHECK(f.recipients.ensure(ServiceId::pni(uuid(50)))->row == stranger.row);
}

TEST_CASE("recipient store: calls people by the best name known", "[vault][recipient_store]") {
    Fixture f;
    RecipientRow row = *f.recipients.ensure(ServiceId::aci(uuid(20)));
    CHECK(row.display_name() == row.id.text().substr(0, 8));
    row = *f.recipients.ensure(uuid(20), "+4917");
    CHECK(row.display_name() == "+4917");
    REQUIRE(f.recipients.set_profile_name(row.row, "Prof").ok());
    CHECK(f.recipients.find(row.row).value()->display_name() == "Prof");
    f.contact(20, "Contact");
    row = *f.recipients.find(row.row).value();
    CHECK(row.display_name() == "Contact");
    CHECK(row.e164 == "+4917");
    CHECK(row.contact);
}

TEST_CASE("recipient store: a number known before its ACI is taken over",
          "[vault][recipient_store]") {
    Fixture f;
    const auto made = *f.recipients.update_contact(
        {.aci = {}, .e164 = "+4911", .name = "Numbers only", .profile_key = {}});
    CHECK(made.changed);
    const auto row = *f.recipients.ensure(uuid(30), "+4911");
    CHECK(row.row == made.row);
    CHECK(row.aci == uuid(30));
    CHECK(row.contact_name == "Numbers only");
}

TEST_CASE("recipient store: two rows of one person become one", "[vault][recipient_store]") {
    Fixture f;
    const auto number =
        f.recipients
            .update_contact({.aci = {}, .e164 = "+4911", .name = "Ann", .profile_key = {}})
            ->row;
    const auto ann = *f.recipients.ensure(ServiceId::aci(uuid(31)));
    const auto old_conversation = *f.conversations.ensure_recipient(number);
    const auto conversation = *f.conversations.ensure_recipient(ann.row);
    NewMessage message = f.incoming("to the number");
    message.conversation = old_conversation.row;
    message.author = number;
    REQUIRE(f.messages.insert(message).ok());
    message.conversation = conversation.row;
    message.author = ann.row;
    message.body = "to the account";
    REQUIRE(f.messages.insert(message).ok());
    message.conversation = old_conversation.row;
    message.author = number;
    message.body = "last";
    REQUIRE(f.messages.insert(message).ok());

    const auto merged = *f.recipients.ensure(uuid(31), "+4911");
    CHECK(merged.row == ann.row);
    CHECK(merged.contact_name == "Ann");
    CHECK(merged.contact);
    CHECK_FALSE(f.recipients.find(number).value());
    CHECK(f.recipients.find_e164("+4911").value()->row == ann.row);
    CHECK_FALSE(f.conversations.find(old_conversation.id).value());
    const auto listed = *f.messages.list(conversation.id, {});
    REQUIRE(listed.messages.size() == 3);
    CHECK(listed.messages[0].body == "last");
    CHECK(listed.messages[2].author == ann.row);
    const auto row = *f.conversations.find(conversation.id).value();
    CHECK(row.unread_count == 3);
    CHECK(row.last_order == listed.messages[0].order);
    CHECK(f.messages.mark_read(row.row, row.last_order, kNow)->size() == 3);
}

TEST_CASE("recipient store: a number that moved leaves its former owner",
          "[vault][recipient_store]") {
    Fixture f;
    const auto other = *f.recipients.ensure(uuid(40), "+491510000003");
    CHECK(other.row != f.bob.row);
    CHECK(f.recipients.find_e164("+491510000003").value()->row == other.row);
    CHECK(f.recipients.find_aci(uuid(3)).value()->e164.empty());
    CHECK(f.recipients.ensure(uuid(3), "")->row == f.bob.row);
}

TEST_CASE("recipient store: a PNI joins its account", "[vault][recipient_store]") {
    Fixture f;
    const auto stranger = *f.recipients.ensure(ServiceId::pni(uuid(60)));
    const auto conversation = *f.conversations.ensure_recipient(stranger.row);
    REQUIRE(f.recipients.set_pni(f.bob.row, uuid(60)).ok());
    CHECK_FALSE(f.recipients.find(stranger.row).value());
    CHECK(f.recipients.find_pni(uuid(60)).value()->row == f.bob.row);
    CHECK_FALSE(f.conversations.find(conversation.id).value());
    const auto carol = *f.recipients.ensure(ServiceId::aci(uuid(61)));
    REQUIRE(f.recipients.set_pni(carol.row, uuid(60)).ok());
    CHECK_FALSE(f.recipients.find(f.bob.row).value()->pni);
}

TEST_CASE("recipient store: contact syncs say what changed", "[vault][recipient_store]") {
    Fixture f;
    const ContactUpdate update{
        .aci = uuid(3), .e164 = "+491510000003", .name = "Bob", .profile_key = Bytes(32, 7)};
    const auto first = *f.recipients.update_contact(update);
    CHECK(first.changed);
    CHECK(first.row == f.bob.row);
    CHECK_FALSE(f.recipients.update_contact(update)->changed);
    REQUIRE(f.recipients.set_access(f.bob.row, AccessMode::sealed).ok());
    CHECK(f.recipients.find(f.bob.row).value()->access == AccessMode::sealed);
    REQUIRE(f.recipients.set_profile_key(f.bob.row, Bytes(32, 7)).ok());
    CHECK(f.recipients.find(f.bob.row).value()->access == AccessMode::sealed);
    REQUIRE(f.recipients.set_profile_key(f.bob.row, Bytes(32, 8)).ok());
    CHECK(f.recipients.find(f.bob.row).value()->access == AccessMode::unknown);
    CHECK_THAT(f.recipients.set_profile_key(f.bob.row, Bytes(31)),
               FailsWith(ErrorCode::invalid_argument));
    CHECK_THAT(f.recipients.update_contact({}), FailsWith(ErrorCode::invalid_argument));

    const auto other = f.contact(70, "Other");
    CHECK(*f.recipients.forget_contacts_except({f.bob.row}) == 1);
    CHECK_FALSE(f.recipients.find(other).value()->contact);
    CHECK(f.recipients.find(f.bob.row).value()->contact);
}

TEST_CASE("recipient store: the blocked list counts whole", "[vault][recipient_store]") {
    Fixture f;
    REQUIRE(f.recipients.set_blocked({uuid(3)}, {"+4999"}).ok());
    CHECK(f.recipients.find(f.bob.row).value()->blocked);
    CHECK(f.recipients.find_e164("+4999").value()->blocked);
    REQUIRE(f.recipients.set_blocked({uuid(80)}, {}).ok());
    CHECK_FALSE(f.recipients.find(f.bob.row).value()->blocked);
    CHECK(f.recipients.find_aci(uuid(80)).value()->blocked);
    REQUIRE(f.recipients.set_unregistered(f.bob.row, true).ok());
    CHECK(f.recipients.find(f.bob.row).value()->unregistered);
}

TEST_CASE("recipient store: lists by folded parts of names and numbers",
          "[vault][recipient_store]") {
    Fixture f;
    f.contact(10, "Ágnes Németh", "+3612345");
    f.contact(11, "agnes Müller");
    f.contact(12, "王小明");
    f.contact(13, "Zoë");
    CHECK(f.names("agnes") == std::vector<std::string>{"agnes Müller", "Ágnes Németh"});
    CHECK(f.names("NEMET ag") == std::vector<std::string>{"Ágnes Németh"});
    CHECK(f.names("小") == std::vector<std::string>{"王小明"});
    CHECK(f.names("361 zo").empty());
    CHECK(f.names("3612") == std::vector<std::string>{"Ágnes Németh"});
    CHECK(f.names("zoe") == std::vector<std::string>{"Zoë"});
    // All: contacts first, then the others.
    const auto all = f.names("");
    REQUIRE(all.size() == 6);
    CHECK(all[2] == "Zoë");
    CHECK(all[3] == "王小明");
    CHECK(all[4] == "+491510000001");
}

TEST_CASE("recipient store: pages cover everybody once", "[vault][recipient_store]") {
    Fixture f;
    for (std::uint8_t i = 10; i < 30; ++i) f.contact(i, "same name");
    std::vector<Id> seen;
    std::string token;
    do {
        const auto page = *f.recipients.list("", {.limit = 7, .token = token});
        for (const auto& row : page.recipients) seen.push_back(row.id);
        token = page.next_token;
    } while (!token.empty());
    CHECK(seen.size() == 22);
    std::sort(seen.begin(), seen.end());
    CHECK(std::unique(seen.begin(), seen.end()) == seen.end());
    CHECK_THAT(f.recipients.list("", {.limit = 7, .token = "nonsense"}),
               FailsWith(ErrorCode::invalid_argument));
    const std::string other = f.recipients.list("same", {.limit = 7, .token = ""})->next_token;
    CHECK_THAT(f.recipients.list("", {.limit = 7, .token = other}),
               FailsWith(ErrorCode::invalid_argument));
}

TEST_CASE("recipient store: resolves what the owner types", "[vault][recipient_store]") {
    Fixture f;
    f.contact(10, "Ann Lee");
    f.contact(11, "Twin");
    f.contact(12, "twin");
    CHECK(f.recipients.resolve(f.bob.id.text())->row == f.bob.row);
    CHECK(f.recipients.resolve(uuid_text(uuid(3)))->row == f.bob.row);
    CHECK(f.recipients.resolve("+491510000003")->row == f.bob.row);
    CHECK(f.recipients.resolve("ann LEE")->aci == uuid(10));
    CHECK_THAT(f.recipients.resolve("twin"), FailsWith(ErrorCode::invalid_argument));
    CHECK_THAT(f.recipients.resolve("ann"), FailsWith(ErrorCode::not_found));
    CHECK_THAT(f.recipients.resolve(""), FailsWith(ErrorCode::not_found));
}

}  // namespace
}  // namespace nacre::vault
