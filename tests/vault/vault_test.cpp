#include "vault/vault.h"

#include <algorithm>
#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <thread>
#include <vector>

#include "tests/support/matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/vault/files.h"
#include "vault/folder.h"
#include "vault/header.h"

namespace nacre::vault {
namespace {

using tests::FailsWith;
using tests::TempDir;
using tests::change_byte;
using tests::create_vault;
using tests::open_vault;
using tests::passphrase;
using tests::read_all;
using tests::snapshot;

TEST_CASE("vault: is made once and opens again", "[vault]") {
    const TempDir dir;
    const auto folder = dir / "state";
    CHECK(Vault::probe(folder).state == Probe::State::none);
    std::vector<std::string> told;
    {
        const auto vault = *Vault::create(folder, passphrase(), tests::cheap(),
                                          [&](Literal text) { told.emplace_back(text.c_str()); });
        CHECK(vault->generation() == 1);
        CHECK(vault->kdf() == *tests::cheap().fixed);
        CHECK(Vault::probe(folder).state == Probe::State::present);
        CHECK_THAT(Vault::create(folder, passphrase(), tests::cheap(), {}),
                   FailsWith(ErrorCode::vault_in_use));
    }
    CHECK_FALSE(told.empty());
    CHECK_THAT(Vault::create(folder, passphrase(), tests::cheap(), {}),
               FailsWith(ErrorCode::already_exists));
    const auto id = open_vault(folder).value()->id();
    const auto vault = *open_vault(folder);
    CHECK(vault->id() == id);
    CHECK(vault->generation() == 3);
    CHECK_FALSE(vault->database_rolled_back());
    CHECK_FALSE(std::filesystem::exists(folder / "vault.making"));
}

TEST_CASE("vault: measures the machine unless told", "[vault]") {
    const TempDir dir;
    const auto vault = *Vault::create(dir.path(), passphrase(), {}, {});
    CHECK(check(vault->kdf()).ok());
}

TEST_CASE("vault: everything it makes is its owner's alone", "[vault]") {
    const TempDir dir;
    const auto vault = *create_vault(dir / "state");
    const auto lease = *vault->reader();
    using std::filesystem::perms;
    const auto others = perms::group_all | perms::others_all;
    CHECK((status(dir / "state").permissions() & others) == perms::none);
    for (const auto& entry : std::filesystem::directory_iterator{dir / "state"}) {
        CAPTURE(entry.path().string());
        CHECK((entry.status().permissions() & others) == perms::none);
    }
}

TEST_CASE("vault: a wrong passphrase changes nothing", "[vault]") {
    const TempDir dir;
    create_vault(dir.path()).value().reset();
    const auto before = snapshot(dir.path());
    CHECK_THAT(open_vault(dir.path(), "wrong"), FailsWith(ErrorCode::wrong_passphrase));
    CHECK(snapshot(dir.path()) == before);
    CHECK(open_vault(dir.path()).ok());
}

TEST_CASE("vault: opens in one process at a time", "[vault]") {
    const TempDir dir;
    const auto vault = *create_vault(dir.path());
    CHECK_THAT(open_vault(dir.path()), FailsWith(ErrorCode::vault_in_use));
}

TEST_CASE("vault: no folder, no files: there is none", "[vault]") {
    const TempDir dir;
    CHECK_THAT(open_vault(dir / "nowhere"), FailsWith(ErrorCode::no_vault));
    CHECK_THAT(open_vault(dir.path()), FailsWith(ErrorCode::no_vault));
    CHECK(std::filesystem::is_empty(dir.path()));
}

TEST_CASE("vault: one damaged header copy opens and is repaired", "[vault]") {
    const TempDir dir;
    create_vault(dir.path()).value().reset();
    const std::size_t copy = GENERATE(0, 1);
    change_byte(dir / "vault.header", copy * kHeaderCopySize + 200);
    CHECK(Vault::probe(dir.path()).state == Probe::State::present);
    open_vault(dir.path()).value().reset();
    const auto whole = read_all(dir / "vault.header");
    CHECK(parse_header(ByteView{whole}.first(kHeaderCopySize)).ok());
    CHECK(parse_header(ByteView{whole}.subspan(kHeaderCopySize)).ok());
}

TEST_CASE("vault: a header cut short opens and is repaired", "[vault]") {
    const TempDir dir;
    create_vault(dir.path()).value().reset();
    std::filesystem::resize_file(dir / "vault.header", GENERATE(4096, 4097, 8191));
    open_vault(dir.path()).value().reset();
    CHECK(std::filesystem::file_size(dir / "vault.header") == 2 * kHeaderCopySize);
    CHECK(read_header(dir / "vault.header").value().size() == 1);
}

TEST_CASE("vault: two damaged header copies are damage, and nothing is changed", "[vault]") {
    const TempDir dir;
    create_vault(dir.path()).value().reset();
    change_byte(dir / "vault.header", 200);
    change_byte(dir / "vault.header", kHeaderCopySize + 4000);
    const auto before = snapshot(dir.path());
    CHECK(Vault::probe(dir.path()).problem == ErrorCode::vault_damaged);
    CHECK_THAT(open_vault(dir.path()), FailsWith(ErrorCode::vault_damaged));
    CHECK_THAT(create_vault(dir.path()), FailsWith(ErrorCode::already_exists));
    CHECK(snapshot(dir.path()) == before);
}

TEST_CASE("vault: a header without its key's authentication is damage", "[vault]") {
    const TempDir dir;
    create_vault(dir.path()).value().reset();
    // Both copies changed by somebody who can compute the checksum but not the MAC.
    auto header = read_header(dir / "vault.header").value().front().header;
    header.generation += 5;
    const auto foreign = *Secret<32>::random();
    REQUIRE(write_header(dir / "vault.header", serialize(header, foreign), 0).ok());
    const auto before = snapshot(dir.path());
    CHECK_THAT(open_vault(dir.path()), FailsWith(ErrorCode::vault_damaged));
    CHECK(snapshot(dir.path()) == before);
}

TEST_CASE("vault: one forged header copy gives way to the authentic one", "[vault]") {
    const TempDir dir;
    create_vault(dir.path()).value().reset();
    const std::size_t copy = GENERATE(0, 1);
    auto header = read_header(dir / "vault.header").value().front().header;
    header.generation += 5;
    const auto page = serialize(header, *Secret<32>::random());
    const auto file = *File::open(dir / "vault.header", File::How::overwrite);
    REQUIRE(file.write_at(copy * kHeaderCopySize, page).ok());
    CHECK_THAT(open_vault(dir.path(), "wrong"), FailsWith(ErrorCode::wrong_passphrase));
    CHECK(open_vault(dir.path()).value()->generation() == 2);
}

TEST_CASE("vault: a header of a newer nacre says so", "[vault]") {
    const TempDir dir;
    create_vault(dir.path()).value().reset();
    tests::make_header_newer(dir / "vault.header");
    const auto before = snapshot(dir.path());
    CHECK(Vault::probe(dir.path()).problem == ErrorCode::vault_too_new);
    CHECK_THAT(open_vault(dir.path()), FailsWith(ErrorCode::vault_too_new));
    CHECK(snapshot(dir.path()) == before);
}

TEST_CASE("vault: a database of a newer nacre says so", "[vault]") {
    const TempDir dir;
    {
        const auto vault = *create_vault(dir.path());
        REQUIRE(vault->writer().set_user_version(1'000'000).ok());
    }
    const auto before = snapshot(dir.path());
    CHECK_THAT(open_vault(dir.path()), FailsWith(ErrorCode::vault_too_new));
    CHECK(snapshot(dir.path()) == before);
}

TEST_CASE("vault: a damaged first page is damage, and nothing is changed", "[vault]") {
    const TempDir dir;
    create_vault(dir.path()).value().reset();
    change_byte(dir / "vault.db", GENERATE(3, 100, 4090));
    const auto before = snapshot(dir.path());
    CHECK_THAT(open_vault(dir.path()), FailsWith(ErrorCode::vault_damaged));
    CHECK(snapshot(dir.path()) == before);
}

TEST_CASE("vault: any damaged page is damage to whoever reads it", "[vault]") {
    const TempDir dir;
    {
        const auto vault = *create_vault(dir.path());
        REQUIRE(tests::store_value(vault->writer(), 1, 100'000).ok());
    }
    const auto size = std::filesystem::file_size(dir / "vault.db");
    const std::uint64_t page = GENERATE(1, 2);
    change_byte(dir / "vault.db", size - page * 4096 - 2000);
    const auto vault = *open_vault(dir.path());
    CHECK_THAT(tests::read_value(vault->writer(), 1), FailsWith(ErrorCode::vault_damaged));
    const auto lease = *vault->reader();
    CHECK_THAT(tests::read_value(*lease, 1), FailsWith(ErrorCode::vault_damaged));
}

TEST_CASE("vault: a missing half is damage and is never overwritten", "[vault]") {
    const TempDir dir;
    create_vault(dir.path()).value().reset();
    std::filesystem::remove(dir / (GENERATE(0, 1) == 0 ? "vault.header" : "vault.db"));
    const auto before = snapshot(dir.path());
    CHECK(Vault::probe(dir.path()).problem == ErrorCode::vault_damaged);
    CHECK_THAT(open_vault(dir.path()), FailsWith(ErrorCode::vault_damaged));
    CHECK_FALSE(create_vault(dir.path()).ok());
    CHECK(snapshot(dir.path()) == before);
}

TEST_CASE("vault: an older header is refused unless the owner insists", "[vault]") {
    const TempDir dir;
    create_vault(dir.path()).value().reset();
    const auto old = read_all(dir / "vault.header");
    open_vault(dir.path()).value().reset();
    tests::write_all(dir / "vault.header", old);
    const auto before = snapshot(dir.path());
    CHECK_THAT(open_vault(dir.path()), FailsWith(ErrorCode::vault_rolled_back));
    CHECK(snapshot(dir.path()) == before);
    {
        const auto vault = *open_vault(dir.path(), "correct horse", {.accept_older_header = true});
        CHECK(vault->generation() == 3);
        CHECK_FALSE(vault->database_rolled_back());
    }
    CHECK(open_vault(dir.path()).ok());
}

TEST_CASE("vault: an older database is noticed until it is settled", "[vault]") {
    const TempDir dir;
    create_vault(dir.path()).value().reset();
    const auto old = read_all(dir / "vault.db");
    open_vault(dir.path()).value().reset();
    open_vault(dir.path()).value().reset();
    tests::write_all(dir / "vault.db", old);
    std::filesystem::remove(dir / "vault.db-wal");
    CHECK(open_vault(dir.path()).value()->database_rolled_back());
    {
        const auto vault = *open_vault(dir.path());
        CHECK(vault->database_rolled_back());
        CHECK(vault->settle_rollback().ok());
        CHECK_FALSE(vault->database_rolled_back());
    }
    CHECK_FALSE(open_vault(dir.path()).value()->database_rolled_back());
}

TEST_CASE("vault: a crash between header and database is no rollback", "[vault]") {
    const TempDir dir;
    create_vault(dir.path()).value().reset();
    const auto old = read_all(dir / "vault.db");
    for (int crash = 0; crash < 3; ++crash) {
        // Each time the header's step was durable and the database's next one was not.
        const auto before_last = read_all(dir / "vault.db");
        open_vault(dir.path()).value().reset();
        tests::write_all(dir / "vault.db", crash == 0 ? old : before_last);
        std::filesystem::remove(dir / "vault.db-wal");
        const auto vault = *open_vault(dir.path());
        CHECK_FALSE(vault->database_rolled_back());
    }
}

TEST_CASE("vault: subkeys differ by purpose and stay the same", "[vault]") {
    const TempDir dir;
    const auto first = create_vault(dir.path()).value()->subkey(Purpose::blobs);
    const auto vault = *open_vault(dir.path());
    CHECK(first.value().equals(*vault->subkey(Purpose::blobs)));
    CHECK_FALSE(first.value().equals(*vault->subkey(Purpose::backups)));
    CHECK_FALSE(first.value().equals(*vault->subkey(Purpose::database)));
}

TEST_CASE("vault: readers see what was committed and cannot write", "[vault]") {
    const TempDir dir;
    const auto vault = *create_vault(dir.path());
    REQUIRE(tests::store_value(vault->writer(), 1, 10).ok());
    const auto lease = *vault->reader();
    CHECK(tests::read_value(*lease, 1).value().size() == 10);
    CHECK_FALSE(tests::store_value(*lease, 2, 10).ok());
    auto transaction = *Transaction::begin(vault->writer());
    REQUIRE(tests::store_value(vault->writer(), 3, 10).ok());
    CHECK_THAT(tests::read_value(*lease, 3), FailsWith(ErrorCode::not_found));
    REQUIRE(transaction.commit().ok());
    CHECK(tests::read_value(*lease, 3).ok());
}

TEST_CASE("vault: four readers are lent at a time, the fifth waits", "[vault]") {
    const TempDir dir;
    const auto vault = *create_vault(dir.path());
    REQUIRE(tests::store_value(vault->writer(), 1, 10).ok());
    std::atomic<int> out = 0;
    std::atomic<int> most = 0;
    std::atomic<int> failed = 0;
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 8; ++thread) {
        threads.emplace_back([&] {
            for (int turn = 0; turn < 50; ++turn) {
                const auto lease = vault->reader();
                const int now = ++out;
                int seen = most;
                while (now > seen && !most.compare_exchange_weak(seen, now)) {}
                if (!lease.ok() || !tests::read_value(**lease, 1).ok()) ++failed;
                --out;
            }
        });
    }
    threads.clear();
    CHECK(failed == 0);
    CHECK(most <= 4);
}

TEST_CASE("vault: closing leaves nothing in the log", "[vault]") {
    const TempDir dir;
    {
        const auto vault = *create_vault(dir.path());
        REQUIRE(tests::store_value(vault->writer(), 1, 10'000).ok());
        CHECK(std::filesystem::file_size(dir / "vault.db-wal") > 0);
    }
    CHECK(std::filesystem::file_size(dir / "vault.db-wal") == 0);
}

TEST_CASE("vault: an unfinished creation is no vault, and the next one succeeds", "[vault]") {
    const TempDir dir;
    create_vault(dir.path()).value().reset();
    std::filesystem::create_directory(dir / "vault.making");
    // As left at each step: nothing, half a database, both files, the database already moved.
    const int step = GENERATE(0, 1, 2, 3);
    if (step < 3) {
        std::filesystem::rename(dir / "vault.db", dir / "vault.making/vault.db");
    }
    if (step >= 2) {
        std::filesystem::rename(dir / "vault.header", dir / "vault.making/vault.header");
    } else {
        std::filesystem::remove(dir / "vault.header");
    }
    if (step == 0) std::filesystem::remove(dir / "vault.making/vault.db");
    CHECK(Vault::probe(dir.path()).state == Probe::State::none);
    CHECK_THAT(open_vault(dir.path()), FailsWith(ErrorCode::no_vault));
    CHECK(create_vault(dir.path()).ok());
    CHECK(open_vault(dir.path()).ok());
    CHECK_FALSE(std::filesystem::exists(dir / "vault.making"));
}

}  // namespace
}  // namespace nacre::vault
