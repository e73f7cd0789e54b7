// Goal: a hostile courier and a damaged spool cost what they damage: an event names it, the rest is
// taken, memory stays bounded, nothing goes round in circles.
#include "daemon/vaultd/receive.h"

#include <catch2/catch_test_macros.hpp>

#include "daemon/spool/seal.h"
#include "daemon/vaultd/cipher.h"
#include "tests/support/engine_fixture.h"

namespace nacre::vaultd {
namespace {

using Gap = vault::SpoolGap;
using Gaps = std::vector<Gap>;

struct Fixture : tests::EngineFixture {
    spool::EpochKeys keys = must(spool::generate_epoch(1));
    std::uint64_t committed = 0;
    std::uint64_t spent = 0;
    int failures = 0;
    Receiver receiver{hooks()};

    Fixture() {
        auto transaction = must(vault::Transaction::begin(state().database));
        REQUIRE(state().spool.add_epoch(1, keys.public_key, keys.private_key.view()).ok());
        REQUIRE(transaction.commit().ok());
        receiver.restart(1);
        receiver.grant(1, 400);
    }

    Receiver::Hooks hooks() {
        Receiver::Hooks out;
        out.schedule = [] {};
        out.committed = [this](std::uint64_t sequence, std::uint64_t, std::uint64_t units) {
            committed = sequence;
            spent += units;
        };
        out.effects = [](const BatchEffects&) {};
        out.failed = [this](const Error&) { ++failures; };
        out.publish = [](EngineState&) {};
        return out;
    }

    spool::SegmentWriter segment(std::uint64_t number, std::uint64_t first,
                                 const spool::Hash& before = {}) {
        auto writer = must(spool::SegmentWriter::begin(1, keys.public_key, number, first, before));
        receiver.segment(1, writer.header());
        return writer;
    }

    // Envelopes that mean nothing: rejected one by one, and committed past.
    static spool::SegmentWriter::Sealed seal(spool::SegmentWriter& writer) {
        return must(writer.seal(1, 2, to_bytes("envelope " + std::to_string(writer.next_sequence()))));
    }
    bool give(const spool::SegmentWriter::Sealed& record) {
        return receiver.record(1, record.sequence, record.message);
    }

    // In a segment of its own, which continues the last one.
    void give_alone(const wire::Envelope& envelope) {
        const std::uint64_t next = must(state().spool.position()).committed + 1;
        auto writer = segment(next, next, last);
        REQUIRE(give(must(writer.seal(1, 2, as_bytes(envelope.SerializeAsString())))));
        last = writer.hash();
        drained();
    }
    spool::Hash last{};

    Gaps drained() {
        while (receiver.backlog() > 0) receiver.drain(state());
        REQUIRE(failures == 0);
        Gaps gaps;
        rejected = 0;
        for (const auto& event : must(state().events.list(0, 1000))) {
            if (event.kind == vault::EventKind::envelope_rejected) ++rejected;
            if (event.kind == vault::EventKind::spool_damaged) gaps.push_back(event.gap.value());
        }
        return gaps;
    }
    int rejected = 0;
};

TEST_CASE("receive: a segment whose key cannot be had now is not lost", "[vaultd][receive]") {
    Fixture f;
    auto writer = f.segment(1, 1);
    for (int i = 0; i < 3; ++i) REQUIRE(f.give(Fixture::seal(writer)));
    {
        // The arena is full: the epoch's key has no place.
        std::vector<Secret<spool::kPrivateKeyBytes>> filling;
        while (auto secret = Secret<spool::kPrivateKeyBytes>::zeroed())
            filling.push_back(std::move(*secret));
        f.receiver.drain(f.state());
        CHECK(f.failures == 1);
        CHECK(f.committed == 0);
        CHECK(f.receiver.backlog() == 4);
    }
    f.failures = 0;
    CHECK(f.drained().empty());
    CHECK(f.rejected == 3);
    CHECK(f.committed == 3);
}

TEST_CASE("receive: records in order make no noise", "[vaultd][receive]") {
    Fixture f;
    auto writer = f.segment(1, 1);
    for (int i = 0; i < 250; ++i) REQUIRE(f.give(Fixture::seal(writer)));
    CHECK(f.drained().empty());
    CHECK(f.rejected == 250);
    CHECK(f.committed == 250);
    CHECK(f.spent == 250);
}

TEST_CASE("receive: what is missing is named once, the rest is taken", "[vaultd][receive]") {
    Fixture f;
    auto writer = f.segment(1, 1);
    std::vector<spool::SegmentWriter::Sealed> records;
    for (int i = 0; i < 9; ++i) records.push_back(Fixture::seal(writer));
    Gaps expected;
    int lost = 0;
    SECTION("a record that does not open") {
        records[3].message[30] ^= 1;
        expected = {{4, 4}};
    }
    SECTION("a record left out") {
        records.erase(records.begin() + 3);
        expected = {{4, 4}};
    }
    SECTION("two swapped") {
        std::swap(records[3].message, records[4].message);
        expected = {{4, 5}};
    }
    SECTION("the last does not open") {
        records[8].message[30] ^= 1;
        expected = {{9, 9}};
    }
    SECTION("the first ones left out") {
        records.erase(records.begin(), records.begin() + 3);
        expected = {{1, 3}};
    }
    SECTION("one here, one there") {
        records[1].message[30] ^= 1;
        records[7].message[30] ^= 1;
        expected = {{2, 2}, {8, 8}};
    }
    for (const Gap& gap : expected) lost += static_cast<int>(gap.last + 1 - gap.first);
    for (const auto& record : records) REQUIRE(f.give(record));
    CHECK(f.drained() == expected);
    CHECK(f.rejected == 9 - lost);
    CHECK(f.committed == 9);
    // The courier begins again, as after each reconnection: nothing is told or taken twice.
    f.receiver.restart(2);
    f.receiver.grant(2, 400);
    f.receiver.segment(2, writer.header());
    for (const auto& record : records) f.receiver.record(2, record.sequence, record.message);
    CHECK(f.drained() == expected);
    CHECK(f.rejected == 9 - lost);
}

TEST_CASE("receive: what the courier tells as lost, and what is missing beside it, is one event",
          "[vaultd][receive]") {
    Fixture f;
    auto writer = f.segment(1, 1);
    const auto first = Fixture::seal(writer);
    for (int i = 0; i < 5; ++i) Fixture::seal(writer);
    REQUIRE(f.give(first));
    REQUIRE(f.receiver.lost(1, 3, 5));
    REQUIRE(f.receiver.lost(1, 2, 4));
    REQUIRE(f.give(Fixture::seal(writer)));
    CHECK(f.drained() == Gaps{{2, 6}});
    CHECK(f.committed == 7);
    REQUIRE(f.receiver.lost(1, 8, 10));
    CHECK(f.drained() == Gaps{{2, 6}, {8, 10}});
    CHECK(f.committed == 10);
}

TEST_CASE("receive: a foreign epoch costs its records, not what follows", "[vaultd][receive]") {
    Fixture f;
    const auto foreign = Fixture::must(spool::generate_epoch(9));
    auto writer = Fixture::must(spool::SegmentWriter::begin(9, foreign.public_key, 1, 1, {}));
    f.receiver.segment(1, writer.header());
    for (int i = 0; i < 3; ++i) REQUIRE(f.give(Fixture::seal(writer)));
    auto own = f.segment(2, 4, writer.hash());
    REQUIRE(f.give(Fixture::seal(own)));
    CHECK(f.drained() == Gaps{{1, 3}});
    CHECK(f.rejected == 1);
    CHECK(f.committed == 4);
}

TEST_CASE("receive: a broken chain is told, and the record taken", "[vaultd][receive]") {
    Fixture f;
    auto writer = f.segment(1, 1);
    REQUIRE(f.give(Fixture::seal(writer)));
    auto other = f.segment(2, 2);
    REQUIRE(f.give(Fixture::seal(other)));
    CHECK(f.drained() == Gaps{{2, 0}});
    CHECK(f.rejected == 2);
}

TEST_CASE("receive: numbers that cannot be are not believed", "[vaultd][receive]") {
    Fixture f;
    auto writer = f.segment(1, 1);
    const auto first = Fixture::seal(writer);
    const auto second = Fixture::seal(writer);
    REQUIRE(f.give(first));
    REQUIRE(f.receiver.lost(1, 5, 2));
    REQUIRE(f.receiver.lost(1, 0, ~std::uint64_t{0}));
    REQUIRE(f.receiver.record(1, std::uint64_t{1} << 62, Bytes(600)));
    auto far = f.segment(2, std::uint64_t{1} << 61);
    REQUIRE(f.give(Fixture::seal(far)));
    f.receiver.segment(1, writer.header());
    REQUIRE(f.give(second));
    CHECK(f.drained().empty());
    CHECK(f.rejected == 2);
    CHECK(f.committed == 2);
}

// A message that does not decrypt: an event tells whether it was tried.
wire::Envelope message(std::string_view content, std::uint64_t server_ms) {
    wire::Envelope envelope;
    envelope.set_type(wire::Envelope::DOUBLE_RATCHET);
    envelope.set_destination_service_id_binary(std::string(16, 0x0a));
    envelope.set_source_service_id_binary(std::string(16, 0x0c));
    envelope.set_source_device_id(1);
    envelope.set_content(std::string{content});
    envelope.set_server_timestamp(server_ms);
    return envelope;
}

Digest hash_of(const wire::Envelope& envelope) { return sha256(as_bytes(envelope.SerializeAsString())); }

TEST_CASE("receive: an envelope delivered again is known by its content", "[vaultd][receive]") {
    Fixture f;
    auto& seen = f.state().quarantine;
    SECTION("never seen") {
        f.give_alone(message("content", 1));
        CHECK(f.rejected == 1);
    }
    SECTION("whatever the server writes around it") {
        REQUIRE(Fixture::must(seen.note_seen(sha256(as_bytes("content")), 0)));
        f.give_alone(message("content", 1));
        auto again = message("content", 2);
        again.set_server_guid_binary("another");
        f.give_alone(again);
        CHECK(f.rejected == 0);
        f.give_alone(message("other content", 1));
        CHECK(f.rejected == 1);
    }
    SECTION("and not by the rest of it") {
        REQUIRE(Fixture::must(seen.note_seen(hash_of(message("content", 1)), 0)));
        f.give_alone(message("content", 1));
        CHECK(f.rejected == 1);
    }
}

TEST_CASE("receive: envelopes without content are told apart by the rest", "[vaultd][receive]") {
    Fixture f;
    auto& seen = f.state().quarantine;
    for (const std::uint64_t sent_ms : {1, 2}) {
        auto receipt = message("", 7);
        receipt.set_type(wire::Envelope::SERVER_DELIVERY_RECEIPT);
        receipt.set_client_timestamp(sent_ms);
        f.give_alone(receipt);
        CHECK_FALSE(Fixture::must(seen.note_seen(hash_of(receipt), 0)));
    }
    CHECK(f.rejected == 0);
    CHECK(Fixture::must(seen.note_seen(sha256({}), 0)));
}

TEST_CASE("receive: content in the clear is no one's own", "[vaultd][receive]") {
    auto clear = message("content", 1);
    const Bytes all = to_bytes(clear.SerializeAsString());
    CHECK(equal(distinct_part(clear, all), as_bytes("content")));
    clear.set_type(wire::Envelope::PLAINTEXT_CONTENT);
    CHECK(equal(distinct_part(clear, all), all));
}

TEST_CASE("receive: beyond its credit nothing is taken", "[vaultd][receive]") {
    Fixture f;
    auto writer = f.segment(1, 1);
    for (int i = 0; i < 400; ++i) REQUIRE(f.give(Fixture::seal(writer)));
    CHECK_FALSE(f.give(Fixture::seal(writer)));
    CHECK_FALSE(f.receiver.lost(1, 402, 500));
    CHECK(f.receiver.backlog() == 401);
    for (int i = 0; i < 1000; ++i) f.receiver.segment(1, writer.header());
    CHECK(f.receiver.backlog() == 402);
}

TEST_CASE("receive: large records count for more", "[vaultd][receive]") {
    Fixture f;
    int taken = 0;
    while (f.receiver.record(1, 1, Bytes(spool::kMaxSealedBytes))) ++taken;
    CHECK(taken == 4);
    // Of a link that is gone: ignored, not an offence.
    CHECK(f.receiver.record(7, 1, Bytes(600)));
    // A new link has no credit of the old one.
    f.receiver.restart(2);
    CHECK(f.receiver.backlog() == 0);
    CHECK_FALSE(f.receiver.record(2, 1, Bytes(600)));
}

}  // namespace
}  // namespace nacre::vaultd
