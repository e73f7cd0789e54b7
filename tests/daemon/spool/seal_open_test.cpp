#include <catch2/catch_test_macros.hpp>
#include <string_view>

#include "daemon/spool/open.h"
#include "daemon/spool/seal.h"
#include "tests/support/matchers.h"

namespace nacre::spool {
namespace {

using tests::FailsWith;

struct Segment {
    EpochKeys keys = std::move(generate_epoch(3)).value();
    SegmentWriter writer =
        std::move(SegmentWriter::begin(3, keys.public_key, 2, 10, hash_before())).value();
    std::vector<SegmentWriter::Sealed> records;

    static Hash hash_before() {
        Hash hash;
        hash.fill(0x11);
        return hash;
    }

    explicit Segment(int count) {
        for (int i = 0; i < count; ++i)
            records.push_back(
                std::move(writer.seal(1000 + i, 2000 + i, to_bytes("envelope " + std::to_string(i))))
                    .value());
    }

    SegmentReader reader() const {
        return std::move(SegmentReader::begin(writer.header(), keys)).value();
    }
};

TEST_CASE("spool: what is sealed opens, in order and chained", "[spool]") {
    const Segment segment{5};
    SegmentReader reader = segment.reader();
    Hash before = Segment::hash_before();
    for (int i = 0; i < 5; ++i) {
        const auto opened = reader.open(segment.records[i].sequence, segment.records[i].message);
        REQUIRE(opened.ok());
        CHECK(opened->epoch == 3);
        CHECK(opened->sequence == static_cast<std::uint64_t>(10 + i));
        CHECK(opened->hash_before == before);
        CHECK(opened->hash == segment.records[i].hash);
        CHECK(opened->received_ms == 1000 + i);
        CHECK(opened->server_ms == 2000 + i);
        CHECK(as_text(opened->envelope) == "envelope " + std::to_string(i));
        before = opened->hash;
    }
}

TEST_CASE("spool: a changed octet anywhere in a record keeps it shut", "[spool]") {
    const Segment segment{1};
    Bytes message = segment.records[0].message;
    for (std::size_t at = 0; at < message.size(); ++at) {
        message[at] ^= 1;
        const SegmentReader reader = segment.reader();
        REQUIRE_THAT(reader.open(10, message), FailsWith(ErrorCode::bad_message));
        message[at] ^= 1;
    }
    SegmentReader reader = segment.reader();
    CHECK(reader.open(10, message).ok());
}

TEST_CASE("spool: a record opens by itself, whatever becomes of the others", "[spool]") {
    const Segment segment{3};
    const SegmentReader reader = segment.reader();
    const auto& records = segment.records;
    CHECK(reader.open(12, records[2].message).ok());
    CHECK(reader.open(10, records[0].message).ok());
    CHECK(reader.open(10, records[0].message).ok());
    Bytes damaged = records[1].message;
    damaged[20] ^= 1;
    CHECK_THAT(reader.open(11, damaged), FailsWith(ErrorCode::bad_message));
    CHECK(reader.open(12, records[2].message).ok());
}

TEST_CASE("spool: a record opens under its own number only, and whole", "[spool]") {
    const Segment segment{3};
    const SegmentReader reader = segment.reader();
    const Bytes& message = segment.records[1].message;
    for (const std::uint64_t sequence : {std::uint64_t{0}, std::uint64_t{10}, std::uint64_t{12},
                                         std::uint64_t{1} << 63, ~std::uint64_t{0}})
        CHECK_THAT(reader.open(sequence, message), FailsWith(ErrorCode::bad_message));
    for (std::size_t length = 0; length < message.size(); ++length)
        REQUIRE_THAT(reader.open(11, ByteView{message}.first(length)),
                     FailsWith(ErrorCode::bad_message));
    CHECK(reader.open(11, message).ok());
}

TEST_CASE("spool: a changed octet anywhere in the header is noticed", "[spool]") {
    const Segment segment{1};
    Bytes header = segment.writer.header();
    for (std::size_t at = 0; at < header.size(); ++at) {
        header[at] ^= 1;
        auto reader = SegmentReader::begin(header, segment.keys);
        REQUIRE_FALSE(reader.ok());
        const bool version = at >= 4 && at < 8;
        REQUIRE(reader.error().code ==
                (version ? ErrorCode::unsupported : ErrorCode::bad_message));
        header[at] ^= 1;
    }
}

TEST_CASE("spool: a foreign epoch and a wrong key are told apart", "[spool]") {
    const Segment segment{1};
    const auto foreign = generate_epoch(4);
    const auto wrong = generate_epoch(3);
    REQUIRE(foreign.ok());
    REQUIRE(wrong.ok());
    const auto first = SegmentReader::begin(segment.writer.header(), *foreign);
    const auto second = SegmentReader::begin(segment.writer.header(), *wrong);
    REQUIRE_THAT(first, FailsWith(ErrorCode::bad_message));
    REQUIRE_THAT(second, FailsWith(ErrorCode::bad_message));
    CHECK(first.error().where.c_str() == std::string_view{"spool header: foreign epoch"});
    CHECK(second.error().where.c_str() == std::string_view{"spool header: key does not open"});
}

TEST_CASE("spool: an envelope over the limit is refused, the largest is not", "[spool]") {
    Segment segment{0};
    CHECK_THAT(segment.writer.seal(1, 2, Bytes(10'000'000)),
               FailsWith(ErrorCode::resource_exhausted));
    CHECK(segment.writer.next_sequence() == 10);
    const auto largest = segment.writer.seal(1, 2, Bytes(kMaxEnvelopeBytes, 7));
    REQUIRE(largest.ok());
    CHECK(largest->message.size() == kMaxSealedBytes);
    SegmentReader reader = segment.reader();
    const auto opened = reader.open(10, largest->message);
    REQUIRE(opened.ok());
    CHECK(opened->envelope == Bytes(kMaxEnvelopeBytes, 7));
}

TEST_CASE("spool: continuity tells next, repeated, gap and broken", "[spool]") {
    Position last{5, Hash{}};
    OpenedRecord record;
    record.sequence = 6;
    CHECK(continuity(last, record) == Continuity::next);
    record.hash_before[0] = 1;
    CHECK(continuity(last, record) == Continuity::broken);
    last.hash.reset();  // the one before was lost
    CHECK(continuity(last, record) == Continuity::next);
    record.sequence = 5;
    CHECK(continuity(last, record) == Continuity::repeated);
    record.sequence = 7;
    CHECK(continuity(last, record) == Continuity::gap);
}

TEST_CASE("spool: a public key of small order is refused", "[spool]") {
    CHECK_THAT(SegmentWriter::begin(1, PublicKey{}, 1, 1, Hash{}),
               FailsWith(ErrorCode::invalid_argument));
}

}  // namespace
}  // namespace nacre::spool
