// Goal: what a disk cannot give now, or not any more, costs what stood there and nothing else.
#include "daemon/courier/segment_read.h"

#include <sys/resource.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <filesystem>

#include "failing_io.h"
#include "spool_drain.h"
#include "tests/support/temp_dir.h"

namespace nacre::courier {
namespace {

namespace fs = std::filesystem;
using tests::BadSector;
using tests::Drain;
using Losses = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

template <class T>
T must(Result<T> result) {
    REQUIRE(result.ok());
    return std::move(result).value();
}

// No new descriptors, until the object ends.
class NoDescriptors {
public:
    NoDescriptors() {
        getrlimit(RLIMIT_NOFILE, &before_);
        const rlimit none{0, before_.rlim_max};
        setrlimit(RLIMIT_NOFILE, &none);
    }
    ~NoDescriptors() { setrlimit(RLIMIT_NOFILE, &before_); }
    NoDescriptors(const NoDescriptors&) = delete;
    NoDescriptors& operator=(const NoDescriptors&) = delete;

private:
    rlimit before_{};
};

struct Fixture {
    tests::TempDir folder;
    spool::EpochKeys keys = must(spool::generate_epoch(1));
    std::unique_ptr<Spool> spool = reopened();

    std::unique_ptr<Spool> reopened() const {
        return must(Spool::open(must(StateFolder::open(folder.path())), {}));
    }

    // Six records of some 8 KiB each, in one segment.
    Fixture() {
        REQUIRE(spool->set_epoch(1, keys.public_key, 0).ok());
        for (char name = 'a'; name < 'g'; ++name)
            REQUIRE(spool->append(std::vector<Envelope>{{1, 2, Bytes(8000, static_cast<std::uint8_t>(name))}}).ok());
    }

    void check_all_but_one() {
        const auto drained = Drain{*spool, keys}.all();
        CHECK(drained.records.size() == 5);
        REQUIRE(drained.lost.size() == 1);
        CHECK(drained.lost.front().first == drained.lost.front().second);
    }
};

TEST_CASE("segment read: a bad sector costs the record it is in", "[courier][spool]") {
    Fixture f;
    const BadSector bad{20'000};
    SECTION("that comes while it runs") { f.check_all_but_one(); }
    SECTION("that is there when it starts") {
        f.spool.reset();
        f.spool = f.reopened();
        f.check_all_but_one();
    }
}

TEST_CASE("segment read: a segment that cannot be opened now is not lost", "[courier][spool]") {
    Fixture f;
    SpoolCursor cursor{*f.spool};
    {
        const NoDescriptors none;
        CHECK_FALSE(cursor.next().has_value());
        CHECK(cursor.stuck());
    }
    REQUIRE(cursor.next().has_value());
    CHECK_FALSE(cursor.stuck());
    for (std::uint64_t sequence = 1; sequence <= 6; ++sequence) {
        const auto item = cursor.next();
        REQUIRE(item.has_value());
        CHECK(item->kind == SpoolItem::Kind::record);
        CHECK(item->first == sequence);
    }
}

TEST_CASE("segment read: what is no file is set aside", "[courier][spool]") {
    Fixture f;
    f.spool.reset();
    const fs::path folder = f.folder / "spool";
    const fs::path strange = folder / segment_name(70);
    SECTION("a folder") { fs::create_directory(strange); }
    SECTION("a link") { fs::create_symlink("/dev/zero", strange); }
    SECTION("a file larger than any segment") {
        REQUIRE(StateFolder::open(folder).value().replace(segment_name(70), {}).ok());
        fs::resize_file(strange, std::uintmax_t{65} << 20);
    }
    f.spool = f.reopened();
    CHECK(Drain{*f.spool, f.keys}.all().records.size() == 6);
    CHECK(fs::symlink_status(strange.string() + ".damaged").type() != fs::file_type::not_found);
}

}  // namespace
}  // namespace nacre::courier
