// Database: one SQLCipher connection, its cached statements and transactions.
//
// Layer:   vault. The only files that include sqlite3.h are vault/database.cpp and the tokenizer.
// Secrets: takes the database subkey at open; afterwards SQLCipher holds page keys in ordinary
//          memory (daemon/ARCHITECTURE.md lists that). Bound text and blobs pass through SQLite's
//          zero-on-free allocator.
// Errors:  vault_damaged (HMAC or structure), vault_too_new (user_version), vault_in_use,
//          disk_full, io_failed, internal (misuse).
// Threads: one connection belongs to one thread at a time; nothing here locks.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "api/base/bytes.h"
#include "api/base/result.h"
#include "sandbox/secret.h"

struct sqlite3;
struct sqlite3_stmt;

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
    Statement(sqlite3* connection, sqlite3_stmt* handle) : connection_{connection}, handle_{handle} {}
    sqlite3* connection_;
    sqlite3_stmt* handle_;
    int failed_bind_ = 0;
};

class Database {
public:
    enum class Mode : std::uint8_t { create, read_write, read_only };

    static Result<Database> open(const std::filesystem::path& path, const Secret<32>& key, Mode mode);
    Database(Database&&) noexcept;
    Database& operator=(Database&&) noexcept;
    ~Database();

    // Compiled once for each literal and kept. The same literal must not be in use twice at a time.
    Result<Statement> prepare(Literal sql);
    // One or more statements without parameters or rows.
    Result<void> exec(Literal sql);

    std::int64_t last_insert_rowid() const;
    std::int64_t changes() const;

private:
    struct State;
    explicit Database(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
    friend class Transaction;
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
