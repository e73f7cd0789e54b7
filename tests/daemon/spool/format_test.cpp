#include "daemon/spool/format.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "daemon/spool/scan.h"
#include "tests/support/matchers.h"

namespace nacre::spool {
namespace {

using tests::FailsWith;

SegmentHeader sample_header() {
    SegmentHeader header{7, 8, 9, {}, {}};
    header.hash_before.fill(1);
    header.sealed_key.fill(2);
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

TEST_CASE("spool header: another length, magic or content is refused", "[spool][format]") {
    Bytes bytes = write_header(sample_header());
    SECTION("shorter") { bytes.pop_back(); }
    SECTION("longer") { bytes.push_back(0); }
    SECTION("empty") { bytes.clear(); }
    SECTION("magic") { bytes[0] ^= 1; }
    SECTION("a field") { bytes[70] ^= 1; }
    SECTION("the check") { bytes.back() ^= 1; }
    CHECK_THAT(parse_header(bytes), FailsWith(ErrorCode::bad_message));
}

TEST_CASE("spool header: another version is told as that", "[spool][format]") {
    Bytes bytes = write_header(sample_header());
    bytes[4] = 1;
    CHECK_THAT(parse_header(bytes), FailsWith(ErrorCode::unsupported));
    Bytes old_file(kSegmentHeadBytes + 1000);
    std::copy(bytes.begin(), bytes.end(), old_file.begin());
    CHECK_THAT(header_of(old_file), FailsWith(ErrorCode::unsupported));
}

TEST_CASE("spool head: either copy of the header is enough", "[spool][format]") {
    const Bytes header = write_header(sample_header());
    Bytes head = write_head(header);
    REQUIRE(head.size() == kSegmentHeadBytes);
    SECTION("both") {}
    SECTION("first") { head[kHeaderCopyAt + 100] ^= 1; }
    SECTION("second") { std::fill_n(head.begin(), kHeaderCopyAt, std::uint8_t{0xff}); }
    const auto found = header_of(head);
    REQUIRE(found.ok());
    CHECK(*found == header);
    head[100] ^= 1;
    head[kHeaderCopyAt + 20] ^= 2;
    CHECK_THAT(header_of(head), FailsWith(ErrorCode::bad_message));
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
    const Bytes sealed(600, 0xab);
    const Bytes whole = write_record(5, hash_record(3, 5, sealed), sealed);
    REQUIRE(parse_record(whole, 3).ok());
    for (std::size_t length = 0; length < whole.size(); ++length)
        REQUIRE_THAT(parse_record(ByteView{whole}.first(length), 3),
                     FailsWith(ErrorCode::bad_message));
}

TEST_CASE("spool record: a changed octet anywhere is noticed", "[spool][format]") {
    const Bytes sealed(600, 0xab);
    Bytes record = write_record(5, hash_record(3, 5, sealed), sealed);
    for (std::size_t at = 0; at < record.size(); ++at) {
        record[at] ^= 0x40;
        REQUIRE_THAT(parse_record(record, 3), FailsWith(ErrorCode::bad_message));
        record[at] ^= 0x40;
    }
    CHECK_THAT(parse_record(record, 4), FailsWith(ErrorCode::bad_message));  // another segment's
}

TEST_CASE("spool record: zeros, as a crash may leave them, are no record", "[spool][format]") {
    CHECK_THAT(parse_record(Bytes(4096), 1), FailsWith(ErrorCode::bad_message));
}

Bytes records(std::uint64_t segment, std::initializer_list<std::uint64_t> sequences) {
    Bytes out;
    for (const std::uint64_t sequence : sequences) {
        const Bytes sealed(kMinSealedBytes + sequence, static_cast<std::uint8_t>(sequence));
        const Bytes one = write_record(sequence, hash_record(segment, sequence, sealed), sealed);
        out.insert(out.end(), one.begin(), one.end());
    }
    return out;
}

std::vector<std::uint64_t> found(const Bytes& bytes) {
    std::vector<std::uint64_t> out;
    for (const Place& place : find_records(bytes, 3, 10, 20)) out.push_back(place.sequence);
    return out;
}

TEST_CASE("spool scan: finds what stands whole, in order, whatever is between",
          "[spool][format]") {
    using Sequences = std::vector<std::uint64_t>;
    CHECK(found({}).empty());
    CHECK(found(records(3, {10, 11, 12})) == Sequences{10, 11, 12});
    CHECK(found(records(3, {12, 10, 11, 10})) == Sequences{10, 11, 12});
    CHECK(found(records(3, {9, 10, 20})) == Sequences{10});
    CHECK(found(records(4, {10, 11})).empty());
    Bytes bytes = records(3, {10, 11, 12, 13});
    const std::size_t second = records(3, {10}).size();
    SECTION("a length that is too long") { bytes[second + 1] = 0xff; }
    SECTION("a length that swallows the next") { bytes[second] ^= 0x7f; }
    SECTION("another sequence") { bytes[second + 4] ^= 1; }
    SECTION("a flipped octet") { bytes[second + 300] ^= 1; }
    SECTION("octets removed") { bytes.erase(bytes.begin() + second + 50, bytes.begin() + second + 77); }
    SECTION("octets inserted") { bytes.insert(bytes.begin() + second + 50, 7, 0x55); }
    CHECK(found(bytes) == Sequences{10, 12, 13});
}

// What begins like a record of `length` sealed octets, at `at`.
void pretend(Bytes& bytes, std::size_t at, std::size_t length) {
    const Bytes record = write_record(10, {}, Bytes(length));
    std::copy_n(record.begin(), kFrameBytes, bytes.begin() + static_cast<std::ptrdiff_t>(at));
}

TEST_CASE("spool scan: made-up records that overlap do not cost more than some passes",
          "[spool][format]") {
    constexpr std::size_t kLength = 100'000;
    Bytes bytes(kLength + 10'000);
    const auto add = [&](std::uint64_t sequence) {
        const Bytes record = records(3, {sequence});
        bytes.insert(bytes.end(), record.begin(), record.end());
        bytes.resize(bytes.size() + 3000);
    };
    const std::size_t covered = bytes.size() - 1000;
    add(11);
    pretend(bytes, covered, 2000);
    add(12);
    SECTION("few of them hide nothing") {
        pretend(bytes, 0, kLength);
        CHECK(found(bytes) == std::vector<std::uint64_t>{11, 12});
    }
    SECTION("after too many, what is covered is passed over") {
        for (std::size_t n = 0; n < 40; ++n) pretend(bytes, n * kFrameBytes, kLength);
        CHECK(found(bytes) == std::vector<std::uint64_t>{12});
    }
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
    SECTION("longer than there is") { plaintext[66] = 0xff; }
    SECTION("other padded length") { plaintext.resize(640); }
    SECTION("padding") { plaintext.back() = 1; }
    SECTION("cut") { plaintext.resize(kRecordFieldsBytes - 1); }
    CHECK_THAT(parse_fields(plaintext), FailsWith(ErrorCode::bad_message));
}

}  // namespace
}  // namespace nacre::spool
