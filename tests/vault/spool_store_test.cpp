#include "vault/spool_store.h"

#include "tests/support/matchers.h"
#include "tests/vault/store_fixture.h"
#include "vault/quarantine_store.h"

namespace nacre::vault {
namespace {

using tests::FailsWith;
using tests::kNow;

struct Fixture : tests::StoreFixture {
    SpoolStore spool{database};
    QuarantineStore quarantine{database};
};

TEST_CASE("spool store: private keys are erased with their epoch", "[vault][spool_store]") {
    Fixture f;
    CHECK(*f.spool.newest_epoch() == 0);
    REQUIRE(f.spool.add_epoch(1, Bytes(32, 1), Bytes(32, 11)).ok());
    REQUIRE(f.spool.add_epoch(2, Bytes(32, 2), Bytes(32, 12)).ok());
    CHECK_THAT(f.spool.add_epoch(2, Bytes(32, 2), Bytes(32, 12)),
               FailsWith(ErrorCode::already_exists));
    CHECK(*f.spool.newest_epoch() == 2);
    CHECK(f.spool.open_epochs()->size() == 2);
    CHECK(*f.spool.erase_before(2) == 1);
    CHECK(*f.spool.erase_before(2) == 0);
    const auto open = *f.spool.open_epochs();
    REQUIRE(open.size() == 1);
    CHECK(open[0].epoch == 2);
    CHECK(open[0].private_key == Bytes(32, 12));
    const auto erased = *f.spool.epoch(1).value();
    CHECK(erased.drained);
    CHECK(erased.private_key.empty());
    CHECK(erased.public_key == Bytes(32, 1));
    CHECK_FALSE(f.spool.epoch(3).value());
}

TEST_CASE("spool store: remembers how far it has read", "[vault][spool_store]") {
    Fixture f;
    CHECK(f.spool.position()->committed == 0);
    CHECK(f.spool.position()->last_hash.empty());
    REQUIRE(f.spool.set_position({.committed = 5, .last_hash = Bytes(32, 1)}).ok());
    REQUIRE(f.spool.set_position({.committed = 9, .last_hash = Bytes(32, 2)}).ok());
    CHECK(f.spool.position()->committed == 9);
    CHECK(f.spool.position()->last_hash == Bytes(32, 2));
}

TEST_CASE("quarantine store: counts attempts until they are forgotten",
          "[vault][quarantine_store]") {
    Fixture f;
    CHECK_FALSE(f.quarantine.first_attempt().value());
    CHECK(*f.quarantine.note_attempt(7) == 0);
    CHECK(*f.quarantine.note_attempt(7) == 1);
    CHECK(*f.quarantine.note_attempt(9) == 0);
    CHECK(*f.quarantine.attempts(7) == 2);
    CHECK(f.quarantine.first_attempt().value() == 7U);
    REQUIRE(f.quarantine.forget_attempts(8).ok());
    CHECK(*f.quarantine.attempts(7) == 0);
    CHECK(f.quarantine.first_attempt().value() == 9U);
}

TEST_CASE("quarantine store: keeps the envelope with its reason", "[vault][quarantine_store]") {
    Fixture f;
    CHECK(*f.quarantine.count() == 0);
    REQUIRE(f.quarantine.quarantine(7, Bytes{1, 2}, QuarantineReason::died_twice, kNow).ok());
    CHECK(*f.quarantine.count() == 1);
    const auto rows = *f.quarantine.list();
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].sequence == 7);
    CHECK(rows[0].envelope == Bytes{1, 2});
    CHECK(rows[0].at_ms == kNow);
    CHECK(rows[0].reason == QuarantineReason::died_twice);
    REQUIRE(f.quarantine.remove(rows[0].row).ok());
    CHECK(*f.quarantine.count() == 0);
}

TEST_CASE("quarantine store: knows for 60 days what it has seen", "[vault][quarantine_store]") {
    Fixture f;
    constexpr std::int64_t kDay = 24LL * 60 * 60 * 1000;
    CHECK(*f.quarantine.note_seen(Bytes(32, 1), kNow));
    CHECK_FALSE(*f.quarantine.note_seen(Bytes(32, 1), kNow + kDay));
    CHECK(*f.quarantine.note_seen(Bytes(32, 2), kNow + kDay));
    CHECK(*f.quarantine.purge_seen(kNow + 60 * kDay) == 0);
    CHECK(*f.quarantine.purge_seen(kNow + 61 * kDay) == 1);
    CHECK(*f.quarantine.note_seen(Bytes(32, 1), kNow + 61 * kDay));
    CHECK_THAT(f.quarantine.note_seen(Bytes(16, 1), kNow), FailsWith(ErrorCode::internal));
}

}  // namespace
}  // namespace nacre::vault
