#include "vault/database.h"

#include <sodium.h>

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <string>

#include "tests/support/matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/vault/files.h"
#include "vault/migrations.h"

namespace nacre::vault {
namespace {

using tests::FailsWith;
using tests::TempDir;

struct Fixture {
    TempDir dir;
    Secret<32> key = *Secret<32>::random();
    Database database = *Database::open(dir / "test.db", key, Database::Mode::create);

    Fixture() { REQUIRE(database.exec("CREATE TABLE t(a INTEGER PRIMARY KEY, b)").ok()); }

    std::int64_t number(Literal sql) {
        auto statement = *database.prepare(sql);
        REQUIRE(statement.step().value());
        return statement.integer(0);
    }
    std::string text(Literal sql) {
        auto statement = *database.prepare(sql);
        REQUIRE(statement.step().value());
        return std::string{statement.text(0)};
    }
};

TEST_CASE("database: gives back what was bound", "[vault][database]") {
    Fixture f;
    auto insert = *f.database.prepare("INSERT INTO t VALUES (?, ?)");
    CHECK(insert.bind(0, 1).bind(1, std::int64_t{-5}).run().ok());
    CHECK(insert.bind(0, 2).bind(1, std::string_view{"text\0more", 9}).run().ok());
    CHECK(insert.bind(0, 3).bind(1, Bytes{0, 1, 255}).run().ok());
    CHECK(insert.bind(0, 4).bind_null(1).run().ok());
    CHECK(insert.bind(0, 5).bind(1, ByteView{}).run().ok());
    CHECK(insert.bind(0, 6).bind(1, std::string_view{}).run().ok());
    CHECK(f.database.last_insert_rowid() == 6);
    auto all = *f.database.prepare("SELECT a, b, typeof(b) FROM t ORDER BY a");
    REQUIRE(all.step().value());
    CHECK(all.integer(1) == -5);
    REQUIRE(all.step().value());
    CHECK(all.text(1) == std::string_view{"text\0more", 9});
    REQUIRE(all.step().value());
    CHECK(to_bytes(all.blob(1)) == Bytes{0, 1, 255});
    REQUIRE(all.step().value());
    CHECK(all.is_null(1));
    REQUIRE(all.step().value());
    CHECK(all.blob(1).empty());
    CHECK(all.text(2) == "blob");
    REQUIRE(all.step().value());
    CHECK(all.text(1).empty());
    CHECK(all.text(2) == "text");
    CHECK_FALSE(all.step().value());
}

TEST_CASE("database: misuse of statements is an error, not a crash", "[vault][database]") {
    Fixture f;
    constexpr Literal kInsert{"INSERT INTO t VALUES (?, 1)"};
    {
        auto first = *f.database.prepare(kInsert);
        CHECK_THAT(f.database.prepare(kInsert), FailsWith(ErrorCode::internal));
        CHECK_THAT(first.bind(7, 1).run(), FailsWith(ErrorCode::internal));
    }
    auto again = *f.database.prepare(kInsert);
    CHECK(again.bind(0, 1).run().ok());
    CHECK_THAT(again.bind(0, 1).run(), FailsWith(ErrorCode::already_exists));
    CHECK(again.bind(0, 2).run().ok());
    CHECK_THAT(f.database.prepare("SELECT nothing FROM nowhere"), FailsWith(ErrorCode::internal));
    CHECK_THAT(f.database.prepare(""), FailsWith(ErrorCode::internal));
    CHECK_THAT(f.database.prepare("SELECT 1").value().run(), FailsWith(ErrorCode::internal));
}

TEST_CASE("database: bindings do not outlive the statement in use", "[vault][database]") {
    Fixture f;
    constexpr Literal kSelect{"SELECT ?"};
    {
        auto first = *f.database.prepare(kSelect);
        REQUIRE(first.bind(0, 1).step().value());
    }
    auto second = *f.database.prepare(kSelect);
    REQUIRE(second.step().value());
    CHECK(second.is_null(0));
}

TEST_CASE("database: a transaction keeps all or nothing", "[vault][database]") {
    Fixture f;
    {
        auto transaction = *Transaction::begin(f.database);
        CHECK(f.database.exec("INSERT INTO t VALUES (1, 1)").ok());
        CHECK_THAT(Transaction::begin(f.database), FailsWith(ErrorCode::internal));
    }
    CHECK(f.number("SELECT count(*) FROM t") == 0);
    auto transaction = *Transaction::begin(f.database);
    CHECK(f.database.exec("INSERT INTO t VALUES (1, 1)").ok());
    {
        auto undone = *Savepoint::begin(f.database);
        CHECK(f.database.exec("INSERT INTO t VALUES (2, 1)").ok());
        auto nested = *Savepoint::begin(f.database);
        CHECK(f.database.exec("INSERT INTO t VALUES (3, 1)").ok());
        CHECK(nested.release().ok());
    }
    {
        auto kept = *Savepoint::begin(f.database);
        CHECK(f.database.exec("INSERT INTO t VALUES (4, 1)").ok());
        CHECK(kept.release().ok());
    }
    CHECK(transaction.commit().ok());
    CHECK_THAT(transaction.commit(), FailsWith(ErrorCode::internal));
    CHECK(f.number("SELECT sum(a) FROM t") == 5);
}

TEST_CASE("database: a savepoint needs its transaction", "[vault][database]") {
    Fixture f;
    CHECK_THAT(Savepoint::begin(f.database), FailsWith(ErrorCode::io_failed));
    auto transaction = *Transaction::begin(f.database);
    // As SQLite does by itself after a failed write.
    REQUIRE(f.database.exec("ROLLBACK").ok());
    CHECK_THAT(Savepoint::begin(f.database), FailsWith(ErrorCode::io_failed));
    CHECK_THAT(transaction.commit(), FailsWith(ErrorCode::io_failed));
}

TEST_CASE("database: nothing of it is readable on disk", "[vault][database]") {
    Fixture f;
    CHECK(f.database.exec("INSERT INTO t VALUES (1, 'xyzzy-plugh-xyzzy')").ok());
    const auto log = to_string(tests::read_all(f.dir / "test.db-wal"));
    CHECK(log.size() > 4096);
    CHECK(log.find("plugh") == std::string::npos);
    CHECK(f.database.truncate_log().ok());
    const auto main = to_string(tests::read_all(f.dir / "test.db"));
    CHECK(main.find("plugh") == std::string::npos);
    CHECK(main.find("SQLite") == std::string::npos);
    CHECK(tests::read_all(f.dir / "test.db-wal").empty());
}

TEST_CASE("database: another key is damage", "[vault][database]") {
    Fixture f;
    CHECK_THAT(Database::open(f.dir / "test.db", *Secret<32>::random(), Database::Mode::read_write),
               FailsWith(ErrorCode::vault_damaged));
}

TEST_CASE("database: whichever page is damaged, reading it says so", "[vault][database]") {
    Fixture f;
    // Leaves, inner pages of table and index, overflow pages.
    REQUIRE(f.database.exec("CREATE INDEX i ON t(b);"
                            "WITH RECURSIVE n(x) AS (VALUES (1) UNION ALL SELECT x + 1 FROM n"
                            " WHERE x < 300) INSERT INTO t SELECT x, randomblob(900) FROM n;"
                            "INSERT INTO t VALUES (1000, randomblob(50000));").ok());
    REQUIRE(f.database.truncate_log().ok());
    const Bytes whole = tests::read_all(f.dir / "test.db");
    const std::size_t pages = whole.size() / 4096;
    REQUIRE(pages > 100);
    const auto read_everything = [&f]() -> Result<void> {
        auto again = NACRE_TRY(Database::open(f.dir / "test.db", f.key, Database::Mode::read_only));
        auto rows = NACRE_TRY(again.prepare("SELECT sum(length(hex(b))) FROM t NOT INDEXED"));
        NACRE_TRY(rows.step());
        auto index = NACRE_TRY(again.prepare("SELECT sum(length(hex(b))) FROM t INDEXED BY i ORDER BY b"));
        NACRE_TRY(index.step());
        return {};
    };
    CHECK(read_everything().ok());
    for (std::size_t page = 0; page < pages; ++page) {
        Bytes damaged = whole;
        damaged[page * 4096 + page * 37 % 4096] ^= 4;
        tests::write_all(f.dir / "test.db", damaged);
        const auto read = read_everything();
        CAPTURE(page);
        CHECK_THAT(read, FailsWith(ErrorCode::vault_damaged));
    }
}

// SQLCipher gives zeros for a page that fails its HMAC, and a row whose value ends there gives none
// of the errors that a wrong tree page would: see vault/page_guard.h.
TEST_CASE("database: the last page of a long value is no exception", "[vault][database]") {
    Fixture f;
    REQUIRE(f.database.exec("INSERT INTO t VALUES (1, randomblob(50000))").ok());
    REQUIRE(f.database.truncate_log().ok());
    const auto size = std::filesystem::file_size(f.dir / "test.db");
    tests::change_byte(f.dir / "test.db", size - 3000);
    auto again = *Database::open(f.dir / "test.db", f.key, Database::Mode::read_write);
    const auto damaged = FailsWith(ErrorCode::vault_damaged);
    const auto first_row = [&again](Literal sql) { return again.prepare(sql).value().step(); };
    CHECK_THAT(first_row("SELECT b FROM t"), damaged);
    CHECK_THAT(first_row("SELECT a FROM t WHERE instr(b, x'0102030405060708')"), damaged);
    CHECK_THAT(first_row("UPDATE t SET a = 2 RETURNING a"), damaged);
    CHECK_THAT(again.exec("UPDATE t SET a = 3"), damaged);
    {
        const auto transaction = *Transaction::begin(again);
        CHECK_THAT(first_row("SELECT b, 1 FROM t"), damaged);
        CHECK_THAT(again.exec("INSERT INTO t VALUES (9, 9)"), damaged);
    }
    CHECK(first_row("SELECT a FROM t").ok());
}

TEST_CASE("database: an abandoned statement holds nothing back", "[vault][database]") {
    Fixture f;
    REQUIRE(f.database.exec("INSERT INTO t VALUES (1, 1), (2, 2)").ok());
    auto reader = *Database::open(f.dir / "test.db", f.key, Database::Mode::read_only);
    {
        auto statement = *reader.prepare("SELECT a FROM t");
        REQUIRE(statement.step().value());
        auto other = *reader.prepare("SELECT b FROM t");
        REQUIRE(other.step().value());
    }
    CHECK(f.database.truncate_log().ok());
    CHECK(f.database.exec("DROP TABLE t").ok());
}

using Hmac = std::array<std::uint8_t, crypto_auth_hmacsha512_BYTES>;

Hmac hmac(ByteView key, std::initializer_list<ByteView> parts) {
    crypto_auth_hmacsha512_state state;
    crypto_auth_hmacsha512_init(&state, key.data(), key.size());
    for (const ByteView part : parts) crypto_auth_hmacsha512_update(&state, part.data(), part.size());
    Hmac out{};
    crypto_auth_hmacsha512_final(&state, out.data());
    return out;
}

TEST_CASE("database: each page is authenticated as FORMAT.md says", "[vault][database]") {
    Fixture f;
    REQUIRE(f.database.truncate_log().ok());
    const Bytes file = tests::read_all(f.dir / "test.db");
    Bytes salt{file.begin(), file.begin() + 16};
    for (auto& byte : salt) byte ^= 0x3a;
    const std::uint8_t first_block[]{0, 0, 0, 1};
    // PBKDF2 of two rounds, its first 32 bytes.
    const Hmac one = hmac(f.key.view(), {salt, first_block});
    const Hmac two = hmac(f.key.view(), {one});
    std::array<std::uint8_t, 32> key{};
    for (std::size_t at = 0; at < key.size(); ++at) key[at] = one[at] ^ two[at];
    for (std::uint32_t number = 1; number * 4096 <= file.size(); ++number) {
        const ByteView page = ByteView{file}.subspan((number - 1) * 4096, 4096);
        const std::size_t start = number == 1 ? 16 : 0;
        const std::uint8_t little_endian[]{static_cast<std::uint8_t>(number), 0, 0, 0};
        const Hmac expected = hmac(key, {page.subspan(start, 4032 - start), little_endian});
        CHECK(equal(page.subspan(4032), expected));
    }
}

TEST_CASE("database: create does not touch what is there", "[vault][database]") {
    Fixture f;
    CHECK_THAT(Database::open(f.dir / "test.db", f.key, Database::Mode::create),
               FailsWith(ErrorCode::already_exists));
    CHECK_THAT(Database::open(f.dir / "none.db", f.key, Database::Mode::read_write),
               FailsWith(ErrorCode::not_found));
    CHECK_FALSE(std::filesystem::exists(f.dir / "none.db"));
}

TEST_CASE("database: settings are durable, wiping and in memory", "[vault][database]") {
    Fixture f;
    CHECK(f.text("PRAGMA journal_mode") == "wal");
    CHECK(f.number("PRAGMA synchronous") == 2);
    CHECK(f.number("PRAGMA secure_delete") == 1);
    CHECK(f.number("PRAGMA temp_store") == 2);
    CHECK(f.number("PRAGMA foreign_keys") == 1);
    CHECK(f.text("PRAGMA cipher_memory_security") == "0");
    CHECK(f.database.cap_cache(16 * 1024).ok());
    CHECK(f.number("PRAGMA cache_size") == -16 * 1024);
}

TEST_CASE("database: statements that would weaken it do not compile", "[vault][database]") {
    Fixture f;
    CHECK_FALSE(f.database.exec("ATTACH 'other.db' AS other").ok());
    CHECK_FALSE(f.database.exec("ATTACH 'other.db' AS other KEY ''").ok());
    CHECK_FALSE(f.database.exec("PRAGMA temp_store=FILE").ok());
    CHECK_FALSE(f.database.exec("PRAGMA synchronous=OFF").ok());
    CHECK_FALSE(f.database.exec("PRAGMA secure_delete=OFF").ok());
    CHECK_FALSE(f.database.exec("PRAGMA journal_mode=DELETE").ok());
    CHECK_FALSE(f.database.exec("PRAGMA rekey='x'").ok());
    CHECK_FALSE(f.database.exec("PRAGMA cipher_memory_security=ON").ok());
    CHECK_FALSE(f.database.exec("PRAGMA writable_schema=ON").ok());
    CHECK_FALSE(f.database.exec("SELECT load_extension('x')").ok());
    CHECK_FALSE(f.database.exec("SELECT sqlcipher_export('main')").ok());
    CHECK_FALSE(f.database.exec("VACUUM INTO 'copy.db'").ok());
    CHECK(f.number("PRAGMA user_version") == 0);
}

TEST_CASE("database: migrations run once, whole, in order", "[vault][database]") {
    Fixture f;
    static constexpr Migration kSteps[]{
        {1, "CREATE TABLE one(a); INSERT INTO one VALUES (1);"},
        {2, "CREATE TABLE two(a); INSERT INTO one VALUES (2);"},
        {3, "CREATE TABLE three(a); INSERT INTO nowhere VALUES (3);"},
    };
    CHECK(migrate(f.database, std::span{kSteps}.first(1)).ok());
    CHECK(f.database.user_version().value() == 1);
    CHECK_THAT(migrate(f.database, kSteps), FailsWith(ErrorCode::internal));
    CHECK(f.database.user_version().value() == 2);
    CHECK(f.number("SELECT sum(a) FROM one") == 3);
    CHECK(f.number("SELECT count(*) FROM sqlite_schema WHERE name = 'three'") == 0);
    CHECK(migrate(f.database, std::span{kSteps}.first(2)).ok());
    CHECK(f.number("SELECT sum(a) FROM one") == 3);
    CHECK_THAT(migrate(f.database, std::span{kSteps}.first(1)), FailsWith(ErrorCode::vault_too_new));
}

TEST_CASE("database: the product's migrations are numbered without a gap", "[vault][database]") {
    std::uint32_t expected = 1;
    for (const Migration& step : migrations()) CHECK(step.number == expected++);
}

}  // namespace
}  // namespace nacre::vault
