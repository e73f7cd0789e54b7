// Goal: whatever the disk refuses, and whenever the power fails, the vault opens again with exactly
// what was acknowledged.
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <cerrno>
#include <random>

#include "tests/support/matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/vault/disk.h"
#include "tests/vault/files.h"
#include "vault/header.h"
#include "vault/rekey.h"

namespace nacre::vault {
namespace {

using tests::CrashModel;
using tests::DiskCall;
using tests::FailsWith;
using tests::Fault;
using tests::TempDir;
using tests::create_vault;
using tests::open_vault;
using tests::snapshot;
namespace disk = tests::disk;

// Values 1, 2, 3 … are there; the first that is not.
std::int64_t values_in(Database& database) {
    std::int64_t count = 0;
    while (tests::read_value(database, count + 1).ok()) ++count;
    CHECK_THAT(tests::read_value(database, count + 1), FailsWith(ErrorCode::not_found));
    CHECK_THAT(tests::read_value(database, count + 2), FailsWith(ErrorCode::not_found));
    return count;
}

bool is_whole(Database& database) {
    auto statement = *database.prepare("PRAGMA integrity_check");
    return statement.step().value() && statement.text(0) == "ok";
}

struct Spoiling {
    Fault fault;
    int os_errno;
    bool lasting;
};

bool says_why(const Error& error, const Spoiling& spoiling) {
    // Where SQLite fails to make a file, it does not tell the reason.
    if (spoiling.fault == Fault::name && error.code == ErrorCode::io_failed) return true;
    return error.code == (spoiling.os_errno == ENOSPC ? ErrorCode::disk_full : ErrorCode::io_failed);
}

Spoiling any_spoiling() {
    return GENERATE(Spoiling{Fault::write, EIO, false}, Spoiling{Fault::write, ENOSPC, true},
                    Spoiling{Fault::sync, EIO, false}, Spoiling{Fault::sync, EIO, true},
                    Spoiling{Fault::sync, ENOSPC, false}, Spoiling{Fault::name, ENOSPC, true},
                    Spoiling{Fault::name, EIO, false});
}

TEST_CASE("durability: a creation that fails leaves no vault and can be repeated",
          "[vault][durability]") {
    const Spoiling spoiling = any_spoiling();
    std::uint64_t calls = 0;
    {
        const TempDir dir;
        disk::watch(dir.path(), false);
        create_vault(dir / "state").value().reset();
        calls = disk::count(spoiling.fault);
        disk::unwatch();
    }
    REQUIRE(calls > 3);
    // Writes are many and alike.
    const std::uint64_t stride = spoiling.fault == Fault::write ? 1 + calls / 25 : 1;
    std::uint64_t failures = 0;
    for (std::uint64_t nth = 1; nth <= calls; nth += stride) {
        CAPTURE(static_cast<int>(spoiling.fault), spoiling.os_errno, nth);
        const TempDir dir;
        disk::watch(dir.path(), false);
        disk::fail(spoiling.fault, nth, spoiling.os_errno, spoiling.lasting);
        const auto vault = create_vault(dir / "state");
        disk::unwatch();
        if (vault.ok()) continue;  // tidying up and closing are allowed to fail
        ++failures;
        CHECK(says_why(vault.error(), spoiling));
        // Only a disk that no longer lets anything be renamed keeps a finished vault in place.
        const auto state = Vault::probe(dir / "state").state;
        const bool unmovable = spoiling.fault == Fault::name && spoiling.lasting;
        CHECK((state == Probe::State::none || (unmovable && state == Probe::State::present)));
        if (state == Probe::State::none) CHECK(create_vault(dir / "state").ok());
        CHECK(open_vault(dir / "state").ok());
    }
    CHECK(failures + 6 >= (calls + stride - 1) / stride);
}

TEST_CASE("durability: an opening that fails loses nothing", "[vault][durability]") {
    const Spoiling spoiling = any_spoiling();
    const TempDir dir;
    {
        const auto vault = *create_vault(dir.path());
        REQUIRE(tests::store_value(vault->writer(), 1, 20'000).ok());
    }
    disk::watch(dir.path(), false);
    open_vault(dir.path()).value().reset();
    const std::uint64_t calls = disk::count(spoiling.fault);
    disk::unwatch();
    for (std::uint64_t nth = 1; nth <= calls; ++nth) {
        CAPTURE(static_cast<int>(spoiling.fault), spoiling.os_errno, nth);
        disk::watch(dir.path(), false);
        disk::fail(spoiling.fault, nth, spoiling.os_errno, spoiling.lasting);
        {
            const auto vault = open_vault(dir.path());
            if (!vault.ok()) CHECK(says_why(vault.error(), spoiling));
        }
        disk::unwatch();
        const auto vault = *open_vault(dir.path());
        CHECK_FALSE(vault->database_rolled_back());
        CHECK(values_in(vault->writer()) == 1);
    }
}

TEST_CASE("durability: a commit that fails is gone, and the next one holds", "[vault][durability]") {
    const Spoiling spoiling = any_spoiling();
    const TempDir dir;
    std::int64_t stored = 0;
    create_vault(dir.path()).value().reset();
    for (std::uint64_t nth = 1; nth <= 12; ++nth) {
        CAPTURE(static_cast<int>(spoiling.fault), spoiling.os_errno, nth);
        bool failed = false;
        {
            const auto vault = *open_vault(dir.path());
            disk::watch(dir.path(), false);
            disk::fail(spoiling.fault, nth, spoiling.os_errno, spoiling.lasting);
            {
                auto transaction = *Transaction::begin(vault->writer());
                auto result = tests::store_value(vault->writer(), stored + 1, 30'000);
                if (result.ok()) result = transaction.commit();
                failed = !result.ok();
                if (failed) CHECK(says_why(result.error(), spoiling));
            }
            if (!failed) ++stored;
            disk::heal();
            CHECK(values_in(vault->writer()) == stored);
            REQUIRE(tests::store_value(vault->writer(), stored + 1, 100).ok());
            ++stored;
            if (!failed && nth > disk::count(spoiling.fault)) nth = 12;
            disk::unwatch();
        }
        const auto vault = *open_vault(dir.path());
        CHECK(values_in(vault->writer()) == stored);
        CHECK(is_whole(vault->writer()));
    }
}

TEST_CASE("durability: a checkpoint that fails loses nothing", "[vault][durability]") {
    const Spoiling spoiling = any_spoiling();
    const TempDir dir;
    auto vault = *create_vault(dir.path());
    std::int64_t stored = 0;
    for (std::uint64_t nth = 1; nth <= 6; ++nth) {
        CAPTURE(static_cast<int>(spoiling.fault), spoiling.os_errno, nth);
        REQUIRE(tests::store_value(vault->writer(), ++stored, 30'000).ok());
        disk::watch(dir.path(), false);
        disk::fail(spoiling.fault, nth, spoiling.os_errno, spoiling.lasting);
        const auto truncated = vault->writer().truncate_log();
        disk::unwatch();
        if (!truncated.ok()) CHECK(says_why(truncated.error(), spoiling));
        CHECK(values_in(vault->writer()) == stored);
        REQUIRE(tests::store_value(vault->writer(), ++stored, 100).ok());
    }
    vault.reset();
    vault = *open_vault(dir.path());
    CHECK(values_in(vault->writer()) == stored);
    CHECK(is_whole(vault->writer()));
}

// SQLite tells a page that the disk cannot read from a page that is wrong only in some places.
bool is_read_failure(ErrorCode code) {
    return code == ErrorCode::io_failed || code == ErrorCode::vault_damaged;
}

TEST_CASE("durability: a read that fails is an error and passes", "[vault][durability]") {
    const TempDir dir;
    {
        const auto vault = *create_vault(dir.path());
        REQUIRE(tests::store_value(vault->writer(), 1, 100'000).ok());
    }
    for (std::uint64_t nth = 1; nth <= 40; ++nth) {
        CAPTURE(nth);
        disk::watch(dir.path(), false);
        disk::fail(Fault::read, nth, EIO, true);
        {
            const auto vault = open_vault(dir.path());
            if (!vault.ok()) CHECK(is_read_failure(vault.error().code));
            if (vault.ok()) {
                const auto value = tests::read_value((*vault)->writer(), 1);
                if (!value.ok()) CHECK(is_read_failure(value.error().code));
            }
        }
        disk::unwatch();
    }
    CHECK(values_in(open_vault(dir.path()).value()->writer()) == 1);
}

// ---- power failures

constexpr std::uint64_t kNotCreated = 0;
constexpr std::uint64_t kCreated = 1;  // plus the number of values acknowledged

// A life of a vault: made, written to in small and large commits, closed, opened, checkpointed.
std::vector<DiskCall> record_a_life(const std::filesystem::path& folder) {
    disk::watch(folder, true);
    auto vault = *create_vault(folder);
    disk::mark(kCreated);
    std::int64_t stored = 0;
    const auto store = [&](std::size_t size) {
        REQUIRE(tests::store_value(vault->writer(), ++stored, size).ok());
        disk::mark(kCreated + static_cast<std::uint64_t>(stored));
    };
    for (const std::size_t size : {10U, 5'000U, 60'000U, 10U}) store(size);
    REQUIRE(vault->writer().truncate_log().ok());
    for (const std::size_t size : {3'000U, 10U}) store(size);
    vault.reset();
    vault = *open_vault(folder);
    for (const std::size_t size : {10U, 20'000U}) store(size);
    vault.reset();
    vault = *open_vault(folder);
    store(10);
    vault.reset();
    return disk::unwatch();
}

// What was acknowledged is there, and at most the one commit that was under way besides.
void check_after_crash(const std::filesystem::path& folder, std::uint64_t acknowledged) {
    if (acknowledged == kNotCreated) {
        const auto state = Vault::probe(folder).state;
        CHECK(state != Probe::State::unusable);
        if (state == Probe::State::none) {
            CHECK(create_vault(folder).ok());
            return;
        }
    }
    const auto vault = open_vault(folder);
    REQUIRE(vault.ok());
    CHECK_FALSE((*vault)->database_rolled_back());
    const auto found = kCreated + static_cast<std::uint64_t>(values_in((*vault)->writer()));
    CHECK(found >= acknowledged);
    CHECK(found <= std::max(acknowledged, kCreated) + 1);
    CHECK(is_whole((*vault)->writer()));
}

// Calls `check(folder, acknowledged)` on what crashes around every sync may have left; how many
// syncs there were.
template <class Check>
std::size_t at_every_sync(const std::vector<DiskCall>& calls, Check check) {
    std::mt19937 random{20'261'123};
    CrashModel model;
    std::uint64_t acknowledged = kNotCreated;
    std::size_t syncs = 0;
    const auto crash = [&](CrashModel::Loss loss) {
        const TempDir dir;
        model.rebuild(dir.path(), loss, random);
        check(dir.path(), acknowledged);
    };
    for (const DiskCall& call : calls) {
        if (call.kind == DiskCall::Kind::mark) acknowledged = call.offset;
        if (call.kind == DiskCall::Kind::sync) {
            CAPTURE(syncs, call.path, acknowledged);
            ++syncs;
            // Just before: everything written since may be there, or not, or partly.
            crash(CrashModel::Loss::nothing);
            crash(CrashModel::Loss::everything);
            crash(CrashModel::Loss::some);
            crash(CrashModel::Loss::some);
            crash(CrashModel::Loss::torn);
        }
        model.apply(call);
        if (call.kind == DiskCall::Kind::sync || call.kind == DiskCall::Kind::mark) {
            CAPTURE(syncs, call.path, acknowledged);
            crash(CrashModel::Loss::everything);  // just after: what the sync promised
        }
    }
    return syncs;
}

TEST_CASE("durability: a power failure at any sync keeps what was acknowledged",
          "[vault][durability][slow]") {
    const TempDir original;
    CHECK(at_every_sync(record_a_life(original.path()), check_after_crash) > 30);
}

// ---- slots

std::size_t add_slot(Vault& vault, std::string_view secret, SlotType type = SlotType::passphrase) {
    const auto change = *vault.add_slot({type, "", 0, {}}, tests::passphrase(secret));
    REQUIRE(vault.apply(change).ok());
    return change.number;
}

void rekey(Vault& vault, std::size_t removed) {
    const auto rekey = *Rekey::begin(vault, {removed});
    while (!rekey->step()->finished) {
    }
    REQUIRE(rekey->commit().ok());
}

// Acknowledged: 1 made, with a value; 2 "second" is added; 3 "second" is removed; 4 "third" is added;
// 5 "third" is removed by a rekey; 6 a second value is stored.
std::vector<DiskCall> record_slots(const std::filesystem::path& folder) {
    disk::watch(folder, true);
    auto vault = *create_vault(folder);
    REQUIRE(tests::store_value(vault->writer(), 1, 30'000).ok());
    disk::mark(1);
    const std::size_t second = add_slot(*vault, "second");
    disk::mark(2);
    REQUIRE(vault->apply(*vault->remove_slot(second)).ok());
    disk::mark(3);
    const std::size_t third = add_slot(*vault, "third");
    disk::mark(4);
    rekey(*vault, third);
    disk::mark(5);
    vault.reset();
    vault = *open_vault(folder);
    REQUIRE(tests::store_value(vault->writer(), 2, 30'000).ok());
    disk::mark(6);
    vault.reset();
    return disk::unwatch();
}

TEST_CASE("durability: a power failure in a change of slots leaves the one before or after",
          "[vault][durability][slow]") {
    const TempDir original;
    const auto calls = record_slots(original.path());
    at_every_sync(calls, [](const std::filesystem::path& folder, std::uint64_t acknowledged) {
        if (acknowledged == kNotCreated) return;
        // Whether the crash or the removed secret comes first: nothing is lost by trying it.
        const bool second = open_vault(folder, "second").ok();
        const bool third = open_vault(folder, "third").ok();
        if (acknowledged < 1 || acknowledged > 3) CHECK_FALSE(second);
        if (acknowledged == 2 && !second) CHECK_FALSE(third);
        if (acknowledged < 3 || acknowledged > 4) CHECK_FALSE(third);
        const auto vault = open_vault(folder);
        REQUIRE(vault.ok());
        CHECK_FALSE((*vault)->database_rolled_back());
        const std::int64_t found = values_in((*vault)->writer());
        CHECK(found >= (acknowledged == 6 ? 2 : 1));
        CHECK(is_whole((*vault)->writer()));
        CHECK_FALSE(std::filesystem::exists(folder / "vault.db.new"));
    });
}

// Acknowledged: 1 made, with a value; 2 there is a duress slot; 3 it was used, the answer given.
std::vector<DiskCall> record_duress(const std::filesystem::path& folder) {
    disk::watch(folder, true);
    auto vault = *create_vault(folder);
    REQUIRE(tests::store_value(vault->writer(), 1, 30'000).ok());
    disk::mark(1);
    add_slot(*vault, "duress", SlotType::duress);
    disk::mark(2);
    vault.reset();
    vault = *open_vault(folder, "duress");
    disk::mark(3);
    vault.reset();
    return disk::unwatch();
}

TEST_CASE("durability: a power failure in a duress leaves the whole vault or an empty one",
          "[vault][durability][slow]") {
    const TempDir original;
    const auto calls = record_duress(original.path());
    at_every_sync(calls, [](const std::filesystem::path& folder, std::uint64_t acknowledged) {
        if (acknowledged < 2) return;
        bool whole = false;
        {
            const auto vault = open_vault(folder);
            whole = vault.ok();
            if (whole) CHECK(values_in((*vault)->writer()) == 1);
            if (!whole) CHECK_THAT(vault, FailsWith(ErrorCode::wrong_passphrase));
        }
        if (acknowledged == 3) CHECK_FALSE(whole);
        {
            const auto vault = open_vault(folder, "duress");
            REQUIRE(vault.ok());
            CHECK(values_in((*vault)->writer()) == 0);
            CHECK(is_whole((*vault)->writer()));
        }
        CHECK_THAT(open_vault(folder), FailsWith(ErrorCode::wrong_passphrase));
    });
}

}  // namespace
}  // namespace nacre::vault
