#include "vault/account_store.h"

#include "tests/support/matchers.h"
#include "tests/vault/store_fixture.h"

namespace nacre::vault {
namespace {

using tests::FailsWith;
using tests::kNow;
using tests::uuid;

struct Fixture : tests::StoreFixture {
    AccountStore accounts{database};
};

AccountRow sample() {
    return {
        .state = LinkState::linked,
        .aci = uuid(1),
        .pni = uuid(2),
        .number = "+491510000001",
        .device_id = 2,
        .device_name = "desk",
        .password = to_bytes("secret"),
        .aci_identity_key_pair = Bytes(64, 1),
        .pni_identity_key_pair = Bytes(64, 2),
        .aci_registration_id = 100,
        .pni_registration_id = 16380,
        .profile_key = Bytes(32, 3),
        .account_entropy_pool = "pool",
        .master_key = Bytes(32, 4),
        .media_root_backup_key = Bytes(32, 5),
        .auth_credential_salt = Bytes(16, 6),
        .configuration = {.read_receipts = true, .link_previews = true},
        .environment = {.environment = Bytes{1, 2},
                        .trust_roots = {Bytes(33, 5), Bytes(33, 6)},
                        .server_public_params = Bytes(600, 7)},
        .linked_ms = kNow,
    };
}

TEST_CASE("account store: gives the whole account back", "[vault][account_store]") {
    Fixture f;
    CHECK_FALSE(f.accounts.account().value());
    CHECK(*f.accounts.link_state() == LinkState::not_linked);
    REQUIRE(f.accounts.save(sample()).ok());
    const auto row = *f.accounts.account().value();
    const AccountRow expected = sample();
    CHECK(row.state == expected.state);
    CHECK(row.aci == expected.aci);
    CHECK(row.pni == expected.pni);
    CHECK(row.number == expected.number);
    CHECK(row.device_id == expected.device_id);
    CHECK(row.device_name == expected.device_name);
    CHECK(row.password == expected.password);
    CHECK(row.aci_identity_key_pair == expected.aci_identity_key_pair);
    CHECK(row.pni_identity_key_pair == expected.pni_identity_key_pair);
    CHECK(row.aci_registration_id == expected.aci_registration_id);
    CHECK(row.pni_registration_id == expected.pni_registration_id);
    CHECK(row.profile_key == expected.profile_key);
    CHECK(row.account_entropy_pool == expected.account_entropy_pool);
    CHECK(row.master_key == expected.master_key);
    CHECK(row.media_root_backup_key == expected.media_root_backup_key);
    CHECK(row.auth_credential_salt == expected.auth_credential_salt);
    CHECK(row.configuration == expected.configuration);
    CHECK(row.environment == expected.environment);
    CHECK(row.linked_ms == expected.linked_ms);
}

TEST_CASE("account store: changes one thing at a time", "[vault][account_store]") {
    Fixture f;
    CHECK_THAT(f.accounts.set_link_state(LinkState::unlinked), FailsWith(ErrorCode::not_found));
    REQUIRE(f.accounts.save(sample()).ok());
    REQUIRE(f.accounts.set_link_state(LinkState::unlinked).ok());
    REQUIRE(f.accounts.set_configuration({.typing_indicators = true}).ok());
    REQUIRE(f.accounts.set_keys("new pool", Bytes{1}, Bytes{2}).ok());
    const FixedEnvironment environment{Bytes{9}, {}, Bytes{8}};
    REQUIRE(f.accounts.set_environment(environment).ok());
    CHECK(*f.accounts.link_state() == LinkState::unlinked);
    const auto row = *f.accounts.account().value();
    CHECK(row.configuration == AccountConfiguration{.typing_indicators = true});
    CHECK(row.account_entropy_pool == "new pool");
    CHECK(row.master_key == Bytes{1});
    CHECK(row.environment == environment);
    CHECK(row.profile_key == sample().profile_key);
}

TEST_CASE("account store: never becomes another account's", "[vault][account_store]") {
    Fixture f;
    REQUIRE(f.accounts.save(sample()).ok());
    AccountRow again = sample();
    again.device_id = 3;
    CHECK(f.accounts.save(again).ok());
    again.aci = uuid(8);
    CHECK_THAT(f.accounts.save(again), FailsWith(ErrorCode::already_linked));
    CHECK(f.accounts.account().value()->aci == uuid(1));
    CHECK(f.accounts.account().value()->device_id == 3);
}

TEST_CASE("account store: a pending link stands beside the account", "[vault][account_store]") {
    Fixture f;
    CHECK_FALSE(f.accounts.pending_link().value());
    AccountRow row = sample();
    row.device_id = 0;
    row.state = LinkState::not_linked;
    REQUIRE(f.accounts
                .save_pending_link({.account = row, .requested_ms = kNow + 5, .extra = Bytes{1}})
                .ok());
    CHECK_FALSE(f.accounts.account().value());
    CHECK(*f.accounts.link_state() == LinkState::not_linked);
    const auto pending = *f.accounts.pending_link().value();
    CHECK(pending.requested_ms == kNow + 5);
    CHECK(pending.extra == Bytes{1});
    CHECK(pending.account.aci == uuid(1));
    REQUIRE(f.accounts.remove_pending_link().ok());
    CHECK_FALSE(f.accounts.pending_link().value());
    CHECK_FALSE(*f.accounts.possible_orphan());
    REQUIRE(f.accounts.set_possible_orphan(true).ok());
    CHECK(*f.accounts.possible_orphan());
}

TEST_CASE("account store: server time only goes forward", "[vault][account_store]") {
    Fixture f;
    CHECK(*f.accounts.last_server_time() == 0);
    CHECK(*f.accounts.server_time_seen(kNow) == kNow);
    CHECK(*f.accounts.server_time_seen(kNow - 5) == kNow);
    CHECK(*f.accounts.last_server_time() == kNow);
}

TEST_CASE("account store: keeps named values", "[vault][account_store]") {
    Fixture f;
    CHECK_FALSE(f.accounts.meta("a.b").value());
    REQUIRE(f.accounts.set_meta("a.b", Bytes{}).ok());
    CHECK(f.accounts.meta("a.b").value() == Bytes{});
    REQUIRE(f.accounts.set_meta("a.b", Bytes{1}).ok());
    REQUIRE(f.accounts.set_meta_number("a.b", -3).ok());
    CHECK(f.accounts.meta("a.b").value() == Bytes{1});
    CHECK(f.accounts.meta_number("a.b").value() == -3);
    CHECK_FALSE(f.accounts.meta_number("a.c").value());
    REQUIRE(f.accounts.remove_meta_number("a.b").ok());
    CHECK_FALSE(f.accounts.meta_number("a.b").value());
    CHECK(f.accounts.meta("a.b").value());
    REQUIRE(f.accounts.remove_meta("a.b").ok());
    CHECK_FALSE(f.accounts.meta("a.b").value());
}

}  // namespace
}  // namespace nacre::vault
