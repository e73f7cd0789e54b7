#include "vault/protocol_store.h"

#include <algorithm>

#include "tests/support/matchers.h"
#include "tests/vault/store_fixture.h"

namespace nacre::vault {
namespace {

using tests::FailsWith;
using tests::kNow;
using tests::uuid;

struct Fixture : tests::StoreFixture {
    ProtocolStore protocol{database};
    ServiceId alice = ServiceId::aci(uuid(7));
};

TEST_CASE("protocol store: keeps a session for each identity, person and device",
          "[vault][protocol_store]") {
    Fixture f;
    CHECK(f.protocol.session(OwnIdentity::aci, f.alice, 1).value() == std::nullopt);
    REQUIRE(f.protocol.save_session(OwnIdentity::aci, f.alice, 2, Bytes{2}).ok());
    REQUIRE(f.protocol.save_session(OwnIdentity::aci, f.alice, 1, Bytes{1}).ok());
    REQUIRE(f.protocol.save_session(OwnIdentity::pni, f.alice, 1, Bytes{3}).ok());
    REQUIRE(f.protocol.save_session(OwnIdentity::aci, f.alice, 1, Bytes(5000, 4)).ok());
    CHECK(f.protocol.session(OwnIdentity::aci, f.alice, 1).value() == Bytes(5000, 4));
    CHECK(f.protocol.session(OwnIdentity::pni, f.alice, 1).value() == Bytes{3});
    CHECK(f.protocol.session_devices(OwnIdentity::aci, f.alice).value() ==
          std::vector<std::uint32_t>{1, 2});
    const auto all = *f.protocol.sessions(OwnIdentity::aci);
    REQUIRE(all.size() == 2);
    CHECK(all[0].remote == f.alice);
    CHECK(all[0].device + all[1].device == 3);
    REQUIRE(f.protocol.remove_session(OwnIdentity::aci, f.alice, 1).ok());
    CHECK(f.protocol.session_devices(OwnIdentity::aci, f.alice).value() ==
          std::vector<std::uint32_t>{2});
    REQUIRE(f.protocol.remove_sessions(OwnIdentity::aci, f.alice).ok());
    CHECK(f.protocol.session_devices(OwnIdentity::aci, f.alice).value().empty());
    CHECK(f.protocol.session(OwnIdentity::pni, f.alice, 1).value().has_value());
}

TEST_CASE("protocol store: a changed identity is not accepted by itself",
          "[vault][protocol_store]") {
    Fixture f;
    CHECK(f.protocol.identity(f.alice).value() == std::nullopt);
    CHECK(*f.protocol.save_identity(f.alice, Bytes{1}, kNow) == IdentityChange::first);
    CHECK(f.protocol.identity(f.alice).value()->accepted);
    CHECK(*f.protocol.save_identity(f.alice, Bytes{1}, kNow + 1) == IdentityChange::same);
    CHECK(*f.protocol.save_identity(f.alice, Bytes{2}, kNow + 2) == IdentityChange::changed);
    const auto row = *f.protocol.identity(f.alice).value();
    CHECK_FALSE(row.accepted);
    CHECK(row.key == Bytes{2});
    CHECK(row.previous_key == Bytes{1});
    CHECK(row.first_seen_ms == kNow);
    CHECK(row.changed_ms == kNow + 2);
    CHECK_FALSE(f.recipients.ensure(f.alice)->identity_changed);  // made now, see below
    CHECK(f.recipients.find_aci(f.alice.uuid()).value()->identity_changed);
    REQUIRE(f.protocol.accept_identity(f.alice).ok());
    CHECK(f.protocol.identity(f.alice).value()->accepted);
    CHECK_FALSE(f.recipients.find_aci(f.alice.uuid()).value()->identity_changed);
    CHECK_THAT(f.protocol.accept_identity(ServiceId::aci(uuid(9))),
               FailsWith(ErrorCode::not_found));
}

TEST_CASE("protocol store: pre-keys are counted, replaced and purged", "[vault][protocol_store]") {
    Fixture f;
    const auto save = [&](PreKeyKind kind, std::uint32_t id, bool last_resort) {
        return f.protocol.save_pre_key(OwnIdentity::aci,
                                       kind,
                                       {.id = id,
                                        .record = Bytes{static_cast<std::uint8_t>(id)},
                                        .created_ms = kNow + id,
                                        .last_resort = last_resort});
    };
    for (std::uint32_t id = 1; id <= 3; ++id) REQUIRE(save(PreKeyKind::kyber, id, false).ok());
    REQUIRE(save(PreKeyKind::kyber, 9, true).ok());
    REQUIRE(save(PreKeyKind::signed_ec, 4, false).ok());
    REQUIRE(save(PreKeyKind::signed_ec, 5, false).ok());
    CHECK(*f.protocol.count_one_time(OwnIdentity::aci, PreKeyKind::kyber) == 3);
    CHECK(*f.protocol.count_one_time(OwnIdentity::pni, PreKeyKind::kyber) == 0);
    CHECK(f.protocol.current_pre_key(OwnIdentity::aci, PreKeyKind::kyber).value()->id == 9);
    CHECK(f.protocol.current_pre_key(OwnIdentity::aci, PreKeyKind::signed_ec).value()->id == 5);
    CHECK(f.protocol.pre_key(OwnIdentity::aci, PreKeyKind::kyber, 2).value() == Bytes{2});

    REQUIRE(f.protocol.replace_pre_keys(OwnIdentity::aci, PreKeyKind::signed_ec, false, kNow).ok());
    REQUIRE(f.protocol.replace_pre_keys(OwnIdentity::aci, PreKeyKind::kyber, true, kNow).ok());
    CHECK_FALSE(f.protocol.current_pre_key(OwnIdentity::aci, PreKeyKind::kyber).value());
    CHECK_FALSE(f.protocol.current_pre_key(OwnIdentity::aci, PreKeyKind::signed_ec).value());
    CHECK(f.protocol.pre_key(OwnIdentity::aci, PreKeyKind::signed_ec, 5).value());
    CHECK(*f.protocol.count_one_time(OwnIdentity::aci, PreKeyKind::kyber) == 3);
    CHECK(*f.protocol.purge_pre_keys(kNow) == 0);
    CHECK(*f.protocol.purge_pre_keys(kNow + 1) == 3);
    CHECK_FALSE(f.protocol.pre_key(OwnIdentity::aci, PreKeyKind::signed_ec, 5).value());
    REQUIRE(f.protocol.remove_pre_key(OwnIdentity::aci, PreKeyKind::kyber, 2).ok());
    CHECK(*f.protocol.count_one_time(OwnIdentity::aci, PreKeyKind::kyber) == 2);
}

TEST_CASE("protocol store: old one-time keys are replaced first and removed later",
          "[vault][protocol_store]") {
    Fixture f;
    const auto save = [&](OwnIdentity own, PreKeyKind kind, std::uint32_t id, bool last_resort) {
        return f.protocol
            .save_pre_key(own, kind, {.id = id, .record = Bytes{1}, .created_ms = kNow + id,
                                      .last_resort = last_resort})
            .ok();
    };
    for (const std::uint32_t id : {1, 2}) {
        REQUIRE(save(OwnIdentity::aci, PreKeyKind::ec, id, false));
        REQUIRE(save(OwnIdentity::aci, PreKeyKind::kyber, id, false));
    }
    REQUIRE(save(OwnIdentity::pni, PreKeyKind::ec, 1, false));
    REQUIRE(save(OwnIdentity::aci, PreKeyKind::signed_ec, 1, false));
    REQUIRE(save(OwnIdentity::aci, PreKeyKind::kyber, 0, true));
    REQUIRE(f.protocol.replace_one_time(OwnIdentity::aci, kNow + 2, kNow + 100).ok());
    CHECK(*f.protocol.count_one_time(OwnIdentity::aci, PreKeyKind::ec) == 1);
    CHECK(*f.protocol.count_one_time(OwnIdentity::pni, PreKeyKind::ec) == 1);
    // Replaced, they still open what is under way.
    CHECK(f.protocol.pre_key(OwnIdentity::aci, PreKeyKind::ec, 1).value());
    CHECK(*f.protocol.purge_pre_keys(kNow + 100) == 0);
    CHECK(*f.protocol.purge_pre_keys(kNow + 101) == 2);
    CHECK_FALSE(f.protocol.pre_key(OwnIdentity::aci, PreKeyKind::ec, 1).value());
    CHECK(f.protocol.pre_key(OwnIdentity::aci, PreKeyKind::ec, 2).value());
    CHECK(f.protocol.current_pre_key(OwnIdentity::aci, PreKeyKind::signed_ec).value());
    CHECK(f.protocol.current_pre_key(OwnIdentity::aci, PreKeyKind::kyber).value());
}

TEST_CASE("protocol store: a last-resort key serves each first message once",
          "[vault][protocol_store]") {
    Fixture f;
    REQUIRE(f.protocol
                .save_pre_key(OwnIdentity::aci,
                              PreKeyKind::kyber,
                              {.id = 1, .record = Bytes{1}, .last_resort = true})
                .ok());
    REQUIRE(f.protocol
                .save_pre_key(OwnIdentity::aci, PreKeyKind::kyber, {.id = 2, .record = Bytes{2}})
                .ok());
    CHECK(f.protocol.use_kyber(OwnIdentity::aci, 1, 7, Bytes{5}).ok());
    CHECK(f.protocol.use_kyber(OwnIdentity::aci, 1, 7, Bytes{6}).ok());
    CHECK(f.protocol.use_kyber(OwnIdentity::aci, 1, 8, Bytes{5}).ok());
    CHECK_THAT(f.protocol.use_kyber(OwnIdentity::aci, 1, 7, Bytes{5}),
               FailsWith(ErrorCode::duplicate));
    CHECK(f.protocol.pre_key(OwnIdentity::aci, PreKeyKind::kyber, 1).value());
    CHECK(f.protocol.use_kyber(OwnIdentity::aci, 2, 7, Bytes{5}).ok());
    CHECK_FALSE(f.protocol.pre_key(OwnIdentity::aci, PreKeyKind::kyber, 2).value());
}

TEST_CASE("protocol store: key ids go on, wrap within 24 bits and are never 0",
          "[vault][protocol_store]") {
    Fixture f;
    const auto first = *f.protocol.take_ids(OwnIdentity::aci, PreKeyKind::ec, 3);
    REQUIRE(first.size() == 3);
    const auto next = *f.protocol.take_ids(OwnIdentity::aci, PreKeyKind::ec, 1);
    CHECK(next[0] == first[2] % 0xffffff + 1);
    REQUIRE(f.database.exec("UPDATE next_pre_key_id SET id = 16777214").ok());
    CHECK(*f.protocol.take_ids(OwnIdentity::aci, PreKeyKind::ec, 4) ==
          std::vector<std::uint32_t>{0xfffffe, 0xffffff, 1, 2});
    const auto other = *f.protocol.take_ids(OwnIdentity::pni, PreKeyKind::ec, 1);
    CHECK((other[0] >= 1 && other[0] <= 0xffffff));
}

TEST_CASE("protocol store: keeps sender keys and clears for a new link",
          "[vault][protocol_store]") {
    Fixture f;
    CHECK(f.protocol.sender_key(f.alice, 1, uuid(5)).value() == std::nullopt);
    REQUIRE(f.protocol.save_sender_key(f.alice, 1, uuid(5), Bytes{1}).ok());
    REQUIRE(f.protocol.save_sender_key(f.alice, 1, uuid(5), Bytes{2}).ok());
    CHECK(f.protocol.sender_key(f.alice, 1, uuid(5)).value() == Bytes{2});
    CHECK(f.protocol.sender_key(f.alice, 2, uuid(5)).value() == std::nullopt);
    REQUIRE(f.protocol.save_identity(f.alice, Bytes{1}, kNow).ok());
    REQUIRE(f.protocol.save_session(OwnIdentity::aci, f.alice, 1, Bytes{1}).ok());
    REQUIRE(f.protocol.clear_for_relink().ok());
    CHECK(f.protocol.sender_key(f.alice, 1, uuid(5)).value() == std::nullopt);
    CHECK(f.protocol.session(OwnIdentity::aci, f.alice, 1).value() == std::nullopt);
    CHECK(f.protocol.identity(f.alice).value().has_value());
}

}  // namespace
}  // namespace nacre::vault
