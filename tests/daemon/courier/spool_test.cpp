// Goal: whatever happens to the process or the disk, what append() reported is there, in order, once.
#include "daemon/courier/spool.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <cerrno>
#include <fstream>
#include <iterator>

#include "failing_io.h"
#include "spool_drain.h"
#include "tests/support/matchers.h"
#include "tests/support/temp_dir.h"

namespace nacre::courier {
namespace {

using tests::Call;
using tests::Drain;
using tests::FailingIo;
using tests::FailsWith;
using tests::require_continuous;

namespace fs = std::filesystem;
using Texts = std::vector<std::string>;

struct Fixture {
    tests::TempDir folder;
    spool::EpochKeys keys = std::move(spool::generate_epoch(1)).value();
    SpoolLimits limits;
    std::unique_ptr<Spool> spool = reopened();

    std::unique_ptr<Spool> reopened() const {
        const auto state = StateFolder::open(folder.path());
        REQUIRE(state.ok());
        auto opened = Spool::open(*state, limits);
        REQUIRE(opened.ok());
        return std::move(opened).value();
    }

    void begin() { REQUIRE(spool->set_epoch(1, keys.public_key, 0).ok()); }

    Result<void> append(const Texts& texts) {
        std::vector<Envelope> batch;
        for (const auto& text : texts) batch.push_back({1, 2, to_bytes(text)});
        return spool->append(batch);
    }

    void restart() {
        spool.reset();
        spool = reopened();
    }

    Texts texts() const { return Drain{*spool, keys}.all().texts(); }

    std::vector<fs::path> segments() const {
        std::vector<fs::path> out;
        for (const auto& entry : fs::directory_iterator(folder / "spool"))
            if (entry.path().extension() == ".seg") out.push_back(entry.path());
        std::ranges::sort(out);
        return out;
    }
};

Bytes content(const fs::path& path) {
    std::ifstream in{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
}

void put(const fs::path& path, ByteView bytes) {
    std::ofstream out{path, std::ios::binary | std::ios::trunc};
    out.write(reinterpret_cast<const char*>(bytes.data()),
              static_cast<std::streamsize>(bytes.size()));
}

TEST_CASE("spool: takes nothing before the first epoch", "[courier][spool]") {
    Fixture f;
    CHECK_FALSE(f.spool->has_epoch());
    CHECK_THAT(f.append({"a"}), FailsWith(ErrorCode::unavailable));
}

TEST_CASE("spool: what is appended is there, and after a restart too", "[courier][spool]") {
    Fixture f;
    f.begin();
    REQUIRE(f.append({"a", "b"}).ok());
    REQUIRE(f.append({"c"}).ok());
    CHECK(f.spool->waiting() == 3);
    f.restart();
    CHECK(f.spool->waiting() == 3);
    REQUIRE(f.spool->has_epoch());
    REQUIRE(f.append({"d"}).ok());
    const auto drained = Drain{*f.spool, f.keys}.all();
    CHECK(drained.texts() == Texts{"a", "b", "c", "d"});
    require_continuous(drained.records, 1);
    CHECK(f.segments().size() == 2);
}

TEST_CASE("spool: a cursor goes on as the spool grows", "[courier][spool]") {
    Fixture f;
    f.limits.segment_bytes = 1500;
    f.restart();
    f.begin();
    Drain drain{*f.spool, f.keys};
    CHECK(drain.all().records.empty());
    std::uint64_t expected = 1;
    for (int round = 0; round < 20; ++round) {
        REQUIRE(f.append({"x", "y"}).ok());
        const auto drained = drain.all();
        REQUIRE(drained.records.size() == 2);
        require_continuous(drained.records, expected);
        expected += 2;
    }
    CHECK(f.segments().size() > 5);
}

TEST_CASE("spool: records of every size cross the cursor's buffer", "[courier][spool]") {
    Fixture f;
    f.begin();
    Texts texts;
    for (const std::size_t size : {0, 1000, 100'000, 260'000, 600'000, 655'360, 10})
        texts.emplace_back(size, 'z');
    REQUIRE(f.append(texts).ok());
    CHECK(f.texts() == texts);
}

TEST_CASE("spool: a torn end is cut at every byte, the chain goes on", "[courier][spool]") {
    Fixture f;
    f.begin();
    REQUIRE(f.append({"kept"}).ok());
    f.spool.reset();
    const fs::path segment = f.segments().at(0);
    const Bytes kept = content(segment);
    f.restart();
    f.spool.reset();
    // What a second record of the same segment leaves when the machine dies while it is written.
    Fixture other;
    other.begin();
    REQUIRE(other.append({"kept"}).ok());
    REQUIRE(other.append({"torn"}).ok());
    const Bytes both = content(other.segments().at(0));
    const std::size_t end = other.spool->segment_from(0)->bytes;
    const std::size_t first_end = kept.size();
    REQUIRE(both.size() == end);
    const fs::path torn = other.segments().at(0);
    other.spool.reset();
    for (std::size_t length = 0; length <= both.size(); ++length) {
        for (const auto& path : other.segments()) fs::remove(path);
        fs::remove(other.folder / "mark");  // as after a power cut
        put(torn, ByteView{both}.first(length));
        other.restart();
        const std::size_t whole = length == both.size() ? 2 : length >= first_end ? 1 : 0;
        REQUIRE(other.spool->waiting() == whole);
        if (whole > 0) REQUIRE(fs::file_size(torn) == (whole == 2 ? end : first_end));
        if (length % 97 != 0) continue;
        REQUIRE(other.append({"next"}).ok());
        const auto drained = Drain{*other.spool, other.keys}.all();
        REQUIRE(drained.unreadable == 0);
        REQUIRE(drained.records.size() == whole + 1);
        require_continuous(drained.records, 1);
    }
}

using Lost = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

// Five records of one size in the only segment, and where each begins.
struct Five : Fixture {
    fs::path segment;
    std::size_t size = 0;

    Five() {
        begin();
        REQUIRE(append({"a", "b", "c", "d", "e"}).ok());
        segment = segments().at(0);
        size = (fs::file_size(segment) - spool::kSegmentHeadBytes) / 5;
    }

    std::size_t at(std::size_t record) const { return spool::kSegmentHeadBytes + record * size; }
    Bytes record(const Bytes& bytes, std::size_t number) const {
        return to_bytes(ByteView{bytes}.subspan(at(number), size));
    }
    void put_record(Bytes& bytes, std::size_t number, const Bytes& record) const {
        std::ranges::copy(record, bytes.begin() + static_cast<std::ptrdiff_t>(at(number)));
    }
    void erase(Bytes& bytes, std::size_t from, std::size_t length) const {
        const auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(from);
        bytes.erase(begin, begin + static_cast<std::ptrdiff_t>(length));
    }
};

TEST_CASE("spool: damage costs the records it hit, and the cursor names them", "[courier][spool]") {
    Five f;
    const bool running = GENERATE(false, true);
    CAPTURE(running);
    if (!running) f.spool.reset();
    Bytes bytes = content(f.segment);
    const Bytes whole = bytes;
    Texts expected{"a", "b", "d", "e", "f"};
    Lost lost{{3, 3}};
    SECTION("a flipped octet") { bytes[f.at(2) + 100] ^= 1; }
    SECTION("a flipped length") { bytes[f.at(2)] ^= 0x10; }
    SECTION("a flipped sequence") { bytes[f.at(2) + 4] ^= 2; }
    SECTION("half of it cut out") { f.erase(bytes, f.at(2) + 99, 120); }
    SECTION("removed") { f.erase(bytes, f.at(2), f.size); }
    SECTION("another one in its place") { f.put_record(bytes, 2, f.record(whole, 0)); }
    SECTION("swapped") {
        f.put_record(bytes, 2, f.record(whole, 3));
        f.put_record(bytes, 3, f.record(whole, 2));
        expected = {"a", "b", "c", "d", "e", "f"};
        lost = {};
    }
    SECTION("the first") {
        bytes[f.at(0) + 100] ^= 1;
        expected = {"b", "c", "d", "e", "f"};
        lost = {{1, 1}};
    }
    SECTION("the last, rotten") {
        bytes.back() ^= 1;
        expected = {"a", "b", "c", "d", "f"};
        lost = {{5, 5}};
    }
    SECTION("the last two, removed") {
        bytes.resize(f.at(3));
        expected = {"a", "b", "c", "f"};
        lost = {{4, 5}};
    }
    SECTION("one copy of the header") {
        bytes[40] ^= 1;
        expected = {"a", "b", "c", "d", "e", "f"};
        lost = {};
    }
    SECTION("both copies of the header") {
        bytes[40] ^= 1;
        bytes[spool::kHeaderCopyAt + 40] ^= 1;
        // Whoever runs goes on writing to it; that is lost with it.
        if (running) REQUIRE(f.spool->set_epoch(2, f.keys.public_key, 0).ok());
        expected = {};
        lost = {{1, 5}};
        if (!running) expected = {"f"};
    }
    put(f.segment, bytes);
    if (!running) f.spool = f.reopened();
    CHECK(f.spool->waiting() == 5);
    REQUIRE(f.append({"f"}).ok());
    CHECK(f.spool->next_sequence() == 7);
    const auto drained = Drain{*f.spool, f.keys}.all();
    CHECK(drained.texts() == expected);
    CHECK(drained.lost == lost);
    CHECK(drained.unreadable == (expected.empty() ? 1 : 0));  // of another epoch
    f.spool->commit(6);
    CHECK(f.spool->waiting() == 0);
}

TEST_CASE("spool: a folder that is gone, or older, is missed", "[courier][spool]") {
    Five f;
    f.spool.reset();
    const fs::path copy = f.folder / "copy";
    fs::copy(f.folder / "spool", copy);
    f.restart();
    REQUIRE(f.append({"f", "g"}).ok());
    f.spool.reset();
    fs::remove_all(f.folder / "spool");
    Texts expected{"h"};
    Lost lost{{1, 7}};
    SECTION("gone") {}
    SECTION("older") {
        fs::rename(copy, f.folder / "spool");
        expected = {"a", "b", "c", "d", "e", "h"};
        lost = {{6, 7}};
    }
    SECTION("without its first segment") {
        fs::rename(copy, f.folder / "spool");
        fs::remove(f.segment);
    }
    f.restart();
    CHECK(f.spool->waiting() == 7);
    REQUIRE(f.append({"h"}).ok());
    const auto drained = Drain{*f.spool, f.keys}.all();
    CHECK(drained.texts() == expected);
    CHECK(drained.lost == lost);
    CHECK(drained.records.back().sequence == 8);
}

TEST_CASE("spool: a segment removed between others is missed", "[courier][spool]") {
    Fixture f;
    f.limits.segment_bytes = 600;
    f.restart();
    f.begin();
    for (const char* text : {"a", "b", "c"}) REQUIRE(f.append({text}).ok());
    const bool running = GENERATE(false, true);
    const fs::path middle = f.segments().at(1);
    if (!running) f.spool.reset();
    fs::remove(middle);
    if (!running) f.spool = f.reopened();
    const auto drained = Drain{*f.spool, f.keys}.all();
    CHECK(drained.texts() == Texts{"a", "c"});
    CHECK(drained.lost == Lost{{2, 2}});
}

TEST_CASE("spool: a segment of another format version stops the start and stays",
          "[courier][spool]") {
    Five f;
    f.spool.reset();
    Bytes bytes = content(f.segment);
    bytes[4] = 1;
    bytes[spool::kHeaderCopyAt + 4] = 1;
    put(f.segment, bytes);
    const auto state = StateFolder::open(f.folder.path());
    REQUIRE(state.ok());
    CHECK_THAT(Spool::open(*state, f.limits), FailsWith(ErrorCode::unsupported));
    CHECK(content(f.segment) == bytes);
}

TEST_CASE("spool: a segment with a damaged header is set aside, not deleted", "[courier][spool]") {
    Five f;
    f.spool.reset();
    Bytes bytes = content(f.segment);
    bytes[0] ^= 1;
    bytes[spool::kHeaderCopyAt] ^= 1;
    put(f.segment, bytes);
    f.restart();
    CHECK(content(f.segment.string() + ".damaged") == bytes);
    // Its number is not used again.
    REQUIRE(f.append({"b"}).ok());
    CHECK(f.segments().at(0) != f.segment);
}

TEST_CASE("spool: a failed write or sync counts nothing, the next append starts anew",
          "[courier][spool]") {
    Fixture f;
    f.begin();
    REQUIRE(f.append({"a"}).ok());
    SECTION("write fails") {
        const FailingIo failing{Call::pwrite, ENOSPC};
        CHECK_THAT(f.append({"b"}), FailsWith(ErrorCode::disk_full));
    }
    SECTION("write fails half way") {
        const FailingIo failing{Call::pwrite, EIO, 0, true};
        CHECK_THAT(f.append({"b"}), FailsWith(ErrorCode::io_failed));
    }
    SECTION("sync fails once") {
        const FailingIo failing{Call::fdatasync, EIO};
        CHECK_THAT(f.append({"b"}), FailsWith(ErrorCode::io_failed));
    }
    CHECK(f.spool->waiting() == 1);
    CHECK(f.texts() == Texts{"a"});
    REQUIRE(f.append({"b"}).ok());
    CHECK(f.texts() == Texts{"a", "b"});
    f.restart();
    const auto drained = Drain{*f.spool, f.keys}.all();
    CHECK(drained.texts() == Texts{"a", "b"});
    require_continuous(drained.records, 1);
}

TEST_CASE("spool: a folder that does not sync counts nothing", "[courier][spool]") {
    Fixture f;
    f.begin();
    {
        const FailingIo failing{Call::fsync, EIO};
        CHECK_THAT(f.append({"a"}), FailsWith(ErrorCode::io_failed));
    }
    CHECK(f.spool->waiting() == 0);
    REQUIRE(f.append({"a"}).ok());
    CHECK(f.texts() == Texts{"a"});
}

TEST_CASE("spool: what a failed write could not take back is left out", "[courier][spool]") {
    Fixture f;
    f.begin();
    REQUIRE(f.append({"a", "b"}).ok());
    const fs::path first = f.segments().at(0);
    const Bytes both = content(first);
    const Bytes mark = content(f.folder / "mark");
    f.spool.reset();
    // As if only "a" had been durable, and cutting "b" off had failed after its sync had.
    put(first, ByteView{both}.first(spool::kSegmentHeadBytes +
                                    (both.size() - spool::kSegmentHeadBytes) / 2));
    fs::remove(f.folder / "mark");
    f.restart();
    REQUIRE(f.append({"c"}).ok());
    f.spool.reset();
    put(first, both);
    f.restart();
    const auto drained = Drain{*f.spool, f.keys}.all();
    CHECK(drained.texts() == Texts{"a", "c"});
    CHECK(drained.lost.empty());
    CHECK(f.spool->next_sequence() == 3);
}

TEST_CASE("spool: committed segments go, the newest stays", "[courier][spool]") {
    Fixture f;
    f.limits.segment_bytes = 600;
    f.restart();
    f.begin();
    for (int i = 0; i < 5; ++i) REQUIRE(f.append({"x"}).ok());
    CHECK(f.segments().size() == 5);
    f.spool->commit(3);
    CHECK(f.segments().size() == 2);
    CHECK(f.spool->waiting() == 2);
    f.spool->commit(5);
    CHECK(f.segments().size() == 1);
    CHECK(f.spool->waiting() == 0);
    f.spool->commit(99);  // no more than there is
    REQUIRE(f.append({"y"}).ok());
    CHECK(f.spool->next_sequence() == 7);
    CHECK(f.spool->waiting() == 1);
}

TEST_CASE("spool: what is committed is not sent again", "[courier][spool]") {
    Fixture f;
    f.begin();
    REQUIRE(f.append({"a", "b"}).ok());
    f.spool->commit(1);
    CHECK(f.texts() == Texts{"b"});
    f.spool->commit(2);
    CHECK(f.texts().empty());
    REQUIRE(f.append({"c"}).ok());
    CHECK(f.texts() == Texts{"c"});
}

TEST_CASE("spool: sequence and chain go on through an empty spool and a restart",
          "[courier][spool]") {
    Fixture f;
    f.begin();
    REQUIRE(f.append({"a", "b"}).ok());
    const auto before = Drain{*f.spool, f.keys}.all();
    f.spool->commit(2);
    REQUIRE(f.spool->untidy());
    REQUIRE(f.spool->tidy().ok());
    CHECK_FALSE(f.spool->untidy());
    REQUIRE(f.segments().size() == 1);
    CHECK(fs::file_size(f.segments()[0]) == spool::kSegmentHeadBytes);
    SECTION("in the same process") {}
    SECTION("after a restart") { f.restart(); }
    CHECK(f.spool->waiting() == 0);
    REQUIRE(f.append({"c"}).ok());
    const auto drained = Drain{*f.spool, f.keys}.all();
    REQUIRE(drained.texts() == Texts{"c"});
    CHECK(drained.records[0].sequence == 3);
    CHECK(drained.records[0].hash_before == before.records.back().hash);
}

TEST_CASE("spool: goes on after what the vault has, if it is older than the vault",
          "[courier][spool]") {
    Fixture f;
    REQUIRE(f.spool->set_epoch(1, f.keys.public_key, 40).ok());
    REQUIRE(f.append({"a"}).ok());
    CHECK(Drain{*f.spool, f.keys}.all().records.at(0).sequence == 41);
}

TEST_CASE("spool: a new epoch starts a new segment", "[courier][spool]") {
    Fixture f;
    f.begin();
    REQUIRE(f.append({"a"}).ok());
    const auto second = spool::generate_epoch(2);
    REQUIRE(second.ok());
    REQUIRE(f.spool->set_epoch(2, second->public_key, 0).ok());
    REQUIRE(f.append({"b"}).ok());
    CHECK(Drain{*f.spool, f.keys}.all().texts() == Texts{"a"});
    CHECK(Drain{*f.spool, *second}.all().texts() == Texts{"b"});
    f.restart();
    REQUIRE(f.append({"c"}).ok());
    CHECK(Drain{*f.spool, *second}.all().texts() == Texts{"b", "c"});
}

TEST_CASE("spool: a damaged epoch file is as none", "[courier][spool]") {
    Fixture f;
    f.begin();
    f.spool.reset();
    Bytes bytes = content(f.folder / "epoch");
    bytes[20] ^= 1;
    put(f.folder / "epoch", bytes);
    f.restart();
    CHECK_FALSE(f.spool->has_epoch());
}

TEST_CASE("spool: the quota refuses, and lets in again after a commit", "[courier][spool]") {
    Fixture f;
    SECTION("by size") { f.limits = {14'000, 600}; }
    SECTION("by count") { f.limits = {1'000'000, 600, 3}; }
    f.restart();
    f.begin();
    std::uint64_t count = 0;
    Result<void> appended{};
    while ((appended = f.append({"x"})).ok()) REQUIRE(++count < 100);
    CHECK_THAT(appended, FailsWith(ErrorCode::disk_full));
    CHECK(appended.error().name == std::string_view{kSpoolFull});
    CHECK(count >= 2);
    CHECK(f.spool->bytes() <= f.limits.most_bytes);
    CHECK(f.spool->waiting() == count);
    f.spool->commit(count);
    CHECK(f.append({"y"}).ok());
    CHECK(Drain{*f.spool, f.keys}.all().records.back().sequence == count + 1);
}

TEST_CASE("spool: an envelope of 10 MB is refused, and nothing else with it", "[courier][spool]") {
    Fixture f;
    f.begin();
    CHECK_THAT(f.append({std::string(10'000'000, 'x')}), FailsWith(ErrorCode::resource_exhausted));
    CHECK(f.append({"a"}).ok());
    CHECK(f.texts() == Texts{"a"});
}

TEST_CASE("spool: a name that is taken blocks one try only", "[courier][spool]") {
    Fixture f;
    f.begin();
    put(f.folder / "spool" / segment_name(1), to_bytes("in the way"));
    CHECK_FALSE(f.append({"a"}).ok());
    REQUIRE(f.append({"a"}).ok());
    CHECK(f.texts() == Texts{"a"});
}

TEST_CASE("spool: foreign files in the folder are left alone", "[courier][spool]") {
    Fixture f;
    f.begin();
    put(f.folder / "spool" / "note.txt", to_bytes("x"));
    put(f.folder / "spool" / "1.seg", to_bytes("x"));
    f.restart();
    CHECK(fs::exists(f.folder / "spool" / "note.txt"));
    CHECK(fs::exists(f.folder / "spool" / "1.seg"));
}

}  // namespace
}  // namespace nacre::courier
