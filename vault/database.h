// Database: one SQLCipher connection, its cached statements and transactions.
//
// Layer:   vault. Only database.cpp, the files it is made of (connection, page_guard, sqlite_*)
//          and the tokenizer include sqlite3.h.
// Secrets: takes the database subkey at open; afterwards SQLCipher holds page keys in ordinary
//          memory (daemon/ARCHITECTURE.md lists that). Bound text and blobs pass through SQLite's
//          zero-on-free allocator.
// Errors:  vault_damaged (HMAC or structure; also a wrong key), vault_in_use (locked by another
//          connection), disk_full, io_failed, permission_denied, resource_exhausted, already_exists
//          (a uniqueness or other constraint), internal (misuse).
// Threads: one connection belongs to one thread at a time; nothing here locks.
//
// After disk_full or io_failed SQLite may have rolled the whole transaction back by itself;
// Savepoint::begin and Transaction::commit then fail, so that nothing is written outside of it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "api/base/bytes.h"
#include "api/base/result.h"
#include "sandbox/secret.h"

namespace nacre::vault {

// A prepared statement in use. Columns and parameters count from 0. Borrowed views live until the
// next step() or the end of this object, which resets the statement and clears its bindings.
class Statement {
public:
    Statement(Statement&& other) noexcept;
    Statement& operator=(Statement&& other) noexcept;
    ~Statement();

    Statement& bind(int index, std::int64_t value);
    Statement& bind(int index, ByteView blob);          // copied
    Statement& bind(int index, std::string_view text);  // copied
    Statement& bind_null(int index);

    // True: a row stands ready. False: done.
    Result<bool> step();
    // For statements without rows: runs to the end and resets, so that it can be bound again.
    Result<void> run();

    std::int64_t integer(int column) const;
    ByteView blob(int column) const;
    std::string_view text(int column) const;
    bool is_null(int column) const;

private:
    friend class Database;
    struct Compiled;
    explicit Statement(Compiled* compiled) : compiled_{compiled} {}
    void note(int bind_result);
    void hold_guard();
    void reset() noexcept;
    void release() noexcept;
    Compiled* compiled_;
    int failed_bind_ = 0;
};

class Database {
public:
    // create: the file must not exist; it is made readable by its owner only. recreate: what is in
    // the file goes, the file stays. receive_copy: as create, for DatabaseCopy.
    enum class Mode : std::uint8_t { create, recreate, receive_copy, read_write, read_only };

    // Opens and checks that `key` fits: reads the first page and the schema, nothing else.
    static Result<Database> open(const std::filesystem::path& path, const Secret<32>& key, Mode mode);
    Database(Database&&) noexcept;
    Database& operator=(Database&&) noexcept;
    ~Database();

    // What its page cache may grow to; SQLite's own default is 2 MiB.
    Result<void> cap_cache(std::size_t kib);

    // Compiled once for each literal and kept. The same literal must not be in use twice at a time.
    Result<Statement> prepare(Literal sql);
    // One or more statements without parameters or rows.
    Result<void> exec(Literal sql);

    std::int64_t last_insert_rowid() const;
    std::int64_t changes() const;
    bool in_transaction() const;

    // The schema's number, PRAGMA user_version; 0 in a new file.
    Result<std::uint32_t> user_version();
    Result<void> set_user_version(std::uint32_t version);

    // Moves the log into the main file and cuts it to nothing: what was deleted is then gone from
    // the log too. vault_in_use while a reader stands in the way; nothing is lost then. Closing does
    // not do it, so that a vault that was only looked at is left as it was.
    Result<void> truncate_log();

    // From now on every writing statement fails (permission_denied); for a database that another one
    // has taken the place of.
    Result<void> freeze();

private:
    friend class DatabaseCopy;
    struct State;
    explicit Database(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

// BEGIN IMMEDIATE … COMMIT. Without commit() the destructor rolls back.
class Transaction {
public:
    static Result<Transaction> begin(Database& database);
    Transaction(Transaction&& other) noexcept;
    ~Transaction();
    Result<void> commit();

private:
    explicit Transaction(Database& database) : database_{&database} {}
    Database* database_;
};

// A savepoint within a transaction: release() keeps, the destructor undoes.
class Savepoint {
public:
    static Result<Savepoint> begin(Database& database);
    Savepoint(Savepoint&& other) noexcept;
    ~Savepoint();
    Result<void> release();

private:
    explicit Savepoint(Database& database) : database_{&database} {}
    Database* database_;
};

}  // namespace nacre::vault
