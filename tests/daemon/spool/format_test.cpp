#include "daemon/spool/format.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/support/matchers.h"

namespace nacre::spool {
namespace {

using tests::FailsWith;

SegmentHeader sample_header() {
    SegmentHeader header{7, 8, 9, {}, {}, {}};
    header.hash_before.fill(1);
    header.sealed_key.fill(2);
    header.stream_header.fill(3);
    return header;
}

TEST_CASE("spool header: survives writing and parsing", "[spool][format]") {
    const Bytes bytes = write_header(sample_header());
    REQUIRE(bytes.size() == kSegmentHeaderBytes);
    const auto parsed = parse_header(bytes);
    REQUIRE(parsed.ok());
    CHECK(write_header(*parsed) == bytes);
    CHECK(parsed->epoch == 7);
    CHECK(parsed->segment == 8);
    CHECK(parsed->first_sequence == 9);
}

TEST_CASE("spool header: another length, magic or version is refused", "[spool][format]") {
    Bytes bytes = write_header(sample_header());
    SECTION("shorter") { bytes.pop_back(); }
    SECTION("longer") { bytes.push_back(0); }
    SECTION("empty") { bytes.clear(); }
    SECTION("magic") { bytes[0] ^= 1; }
    SECTION("version") { bytes[4] = 2; }
    CHECK_THAT(parse_header(bytes), FailsWith(ErrorCode::bad_message));
}

TEST_CASE("spool padding: grows in steps of at most a quarter", "[spool][format]") {
    CHECK(padded_length(0) == 512);
    CHECK(padded_length(512) == 512);
    CHECK(padded_length(513) == 640);
    CHECK(padded_length(1024) == 1024);
    CHECK(padded_length(1025) == 1280);
    std::size_t last = 0;
    for (std::size_t n = 513; n < 70'000; ++n) {
        const std::size_t padded = padded_length(n);
        REQUIRE(padded >= n);
        REQUIRE(padded >= last);
        REQUIRE(padded * 4 <= n * 5 + 4);
        last = padded;
    }
    CHECK(padded_length(kRecordFieldsBytes + kMaxEnvelopeBytes) + kSealOverheadBytes ==
          kMaxSealedBytes);
}

TEST_CASE("spool record: a cut at any byte is noticed", "[spool][format]") {
    const Hash before{};
    const Bytes sealed(600, 0xab);
    const Bytes whole = write_record(sealed, hash_record(before, 5, sealed));
    REQUIRE(parse_record(whole, before, 5).ok());
    for (std::size_t length = 0; length < whole.size(); ++length)
        REQUIRE_THAT(parse_record(ByteView{whole}.first(length), before, 5),
                     FailsWith(ErrorCode::bad_message));
}

TEST_CASE("spool record: a changed octet anywhere is noticed", "[spool][format]") {
    const Hash before{};
    const Bytes sealed(600, 0xab);
    Bytes record = write_record(sealed, hash_record(before, 5, sealed));
    for (std::size_t at = 0; at < record.size(); ++at) {
        record[at] ^= 0x40;
        REQUIRE_THAT(parse_record(record, before, 5), FailsWith(ErrorCode::bad_message));
        record[at] ^= 0x40;
    }
    CHECK_THAT(parse_record(record, before, 6), FailsWith(ErrorCode::bad_message));
    Hash other{};
    other[0] = 1;
    CHECK_THAT(parse_record(record, other, 5), FailsWith(ErrorCode::bad_message));
}

TEST_CASE("spool record: zeros, as a crash may leave them, are no record", "[spool][format]") {
    CHECK_THAT(parse_record(Bytes(4096), Hash{}, 1), FailsWith(ErrorCode::bad_message));
}

TEST_CASE("spool fields: survive writing and parsing", "[spool][format]") {
    const std::size_t size = GENERATE(0, 1, 443, 444, 445, 2000, 655'360);
    const Bytes envelope(size, 0x5a);
    Hash before{};
    before.fill(9);
    const Bytes plaintext = write_fields({3, 4, before, -5, 6, envelope});
    CHECK(plaintext.size() == padded_length(kRecordFieldsBytes + size));
    const auto fields = parse_fields(plaintext);
    REQUIRE(fields.ok());
    CHECK(fields->epoch == 3);
    CHECK(fields->sequence == 4);
    CHECK(fields->hash_before == before);
    CHECK(fields->received_ms == -5);
    CHECK(fields->server_ms == 6);
    CHECK(equal(fields->envelope, envelope));
}

TEST_CASE("spool fields: a length or padding that does not fit is refused", "[spool][format]") {
    Bytes plaintext = write_fields({3, 4, {}, 5, 6, Bytes(10)});
    SECTION("longer than there is") { plaintext[65] = 0xff; }
    SECTION("other padded length") { plaintext.resize(640); }
    SECTION("padding") { plaintext.back() = 1; }
    SECTION("cut") { plaintext.resize(kRecordFieldsBytes - 1); }
    CHECK_THAT(parse_fields(plaintext), FailsWith(ErrorCode::bad_message));
}

}  // namespace
}  // namespace nacre::spool
