#include "vault/outbox_store.h"

#include "tests/support/matchers.h"
#include "tests/vault/store_fixture.h"

namespace nacre::vault {
namespace {

using tests::FailsWith;
using tests::kNow;
using tests::uuid;

struct Fixture : tests::StoreFixture {
    OutboxStore outbox{database};
    ServiceId alice = ServiceId::aci(uuid(7));
    ServiceId carol = ServiceId::aci(uuid(8));

    std::int64_t add(const ServiceId& destination, std::optional<std::int64_t> message = {}) {
        return *outbox.add({.destination = destination,
                            .message = message,
                            .timestamp_ms = kNow,
                            .content = Bytes{1, 2, 3}});
    }
    std::int64_t next(std::int64_t now = kNow) {
        const auto entry = *outbox.next(now);
        return entry ? entry->entry : 0;
    }
};

TEST_CASE("outbox store: gives entry and ciphertext back", "[vault][outbox_store]") {
    Fixture f;
    const OutboxEntry entry{
        .kind = OutboxKind::transcript,
        .state = OutboxState::encrypted,
        .destination = f.alice,
        .message = 5,
        .timestamp_ms = kNow,
        .urgent = false,
        .online = true,
        .content = Bytes{9},
        .devices = {{.device_id = 3, .registration_id = 30, .type = 6, .sealed = true,
                     .ciphertext = Bytes{3}},
                    {.device_id = 1, .registration_id = 10, .type = 3, .sealed = false,
                     .ciphertext = Bytes{1}}},
    };
    const auto number = *f.outbox.add(entry);
    const auto found = *f.outbox.find(number).value();
    CHECK(found.entry == number);
    CHECK(found.kind == OutboxKind::transcript);
    CHECK(found.state == OutboxState::encrypted);
    CHECK(found.destination == f.alice);
    CHECK(found.message == 5);
    CHECK(found.timestamp_ms == kNow);
    CHECK_FALSE(found.urgent);
    CHECK(found.online);
    CHECK(found.content == Bytes{9});
    REQUIRE(found.devices.size() == 2);
    CHECK(found.devices[0].device_id == 1);
    CHECK(found.devices[1].registration_id == 30);
    CHECK(found.devices[1].type == 6);
    CHECK(found.devices[1].sealed);
    CHECK(found.devices[1].ciphertext == Bytes{3});
    CHECK(*f.outbox.count_for_message(5) == 1);
    REQUIRE(f.outbox.remove(number).ok());
    CHECK_FALSE(f.outbox.find(number).value());
    CHECK(*f.outbox.count_for_message(5) == 0);
    CHECK(f.number("SELECT count(*) FROM outbox_device") == 0);
    CHECK(*f.outbox.add(entry) > number);
}

TEST_CASE("outbox store: held receipts come when they are due, once", "[vault][outbox_store]") {
    Fixture f;
    CHECK(f.outbox.take_due_receipts(kNow)->empty());
    REQUIRE(f.outbox.hold_receipt({f.alice, 1}, kNow + 20).ok());
    REQUIRE(f.outbox.hold_receipt({f.carol, 2}, kNow + 10).ok());
    REQUIRE(f.outbox.hold_receipt({f.alice, 3}, kNow + 30).ok());
    CHECK(f.outbox.take_due_receipts(kNow + 9)->empty());
    const auto due = *f.outbox.take_due_receipts(kNow + 20);
    REQUIRE(due.size() == 2);
    CHECK(due[0].destination == f.carol);
    CHECK(due[0].timestamp_ms == 2);
    CHECK(due[1].destination == f.alice);
    CHECK(due[1].timestamp_ms == 1);
    CHECK(f.outbox.take_due_receipts(kNow + 29)->empty());
    CHECK(f.outbox.take_due_receipts(kNow + 1000)->size() == 1);
    CHECK(f.outbox.take_due_receipts(kNow + 1000)->empty());
}

TEST_CASE("outbox store: each destination keeps its order", "[vault][outbox_store]") {
    Fixture f;
    CHECK(f.next() == 0);
    const auto a1 = f.add(f.alice);
    const auto a2 = f.add(f.alice);
    const auto c1 = f.add(f.carol);
    CHECK(f.next() == a1);
    REQUIRE(f.outbox.postpone(a1, kNow + 100).ok());
    CHECK(f.next() == c1);  // a2 waits behind a1
    CHECK(f.outbox.next_try_ms().value() == 0);
    REQUIRE(f.outbox.remove(c1).ok());
    CHECK(f.next() == 0);
    CHECK(f.outbox.next_try_ms().value() == kNow + 100);
    CHECK(f.next(kNow + 100) == a1);
    CHECK(f.outbox.find(a1).value()->attempts == 1);
    REQUIRE(f.outbox.retry_all_now().ok());
    CHECK(f.next() == a1);
    REQUIRE(f.outbox.set_state(a1, OutboxState::failed).ok());
    CHECK(f.next() == a2);  // failed ones hold nobody up
    CHECK(*f.outbox.count() == 1);
}

TEST_CASE("outbox store: a changed identity holds its destination until accepted",
          "[vault][outbox_store]") {
    Fixture f;
    const auto a1 = f.add(f.alice, 11);
    const auto a2 = f.add(f.alice, 12);
    const auto c1 = f.add(f.carol, 12);
    REQUIRE(f.outbox.set_encrypted(a1, {{.device_id = 1, .ciphertext = Bytes{1}}}).ok());
    CHECK(f.outbox.next(kNow).value()->devices.size() == 1);
    REQUIRE(f.outbox.set_state(a1, OutboxState::blocked_identity).ok());
    CHECK(f.outbox.find(a1).value()->devices.empty());
    CHECK(f.next() == c1);
    REQUIRE(f.outbox.remove(c1).ok());
    CHECK(f.next() == 0);
    CHECK(f.outbox.next_try_ms().value() == std::nullopt);
    REQUIRE(f.outbox.set_state(a2, OutboxState::blocked_identity).ok());
    CHECK(f.outbox.unblock(f.carol)->empty());
    CHECK(*f.outbox.unblock(f.alice) == std::vector<std::int64_t>{11, 12});
    CHECK(f.next() == a1);
    CHECK(f.outbox.find(a1).value()->state == OutboxState::needs_keys);
    CHECK_THAT(f.outbox.set_state(999, OutboxState::failed), FailsWith(ErrorCode::not_found));
}

}  // namespace
}  // namespace nacre::vault
