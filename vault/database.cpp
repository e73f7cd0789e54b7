#include "vault/database.h"

#include <sqlcipher/sqlite3.h>

#include <array>
#include <charconv>
#include <cstring>
#include <unordered_map>
#include <utility>

#include "vault/connection.h"
#include "vault/database_copy.h"
#include "vault/page_guard.h"
#include "vault/sqlite_error.h"

namespace nacre::vault {

struct Statement::Compiled {
    sqlite3* connection;
    PageGuard* guard;
    sqlite3_stmt* handle;
    bool in_use;
    bool holds_guard;
};

// ---- Statement

Statement::Statement(Statement&& other) noexcept
    : compiled_{std::exchange(other.compiled_, nullptr)}, failed_bind_{other.failed_bind_} {}

Statement& Statement::operator=(Statement&& other) noexcept {
    if (this == &other) return *this;
    release();
    compiled_ = std::exchange(other.compiled_, nullptr);
    failed_bind_ = other.failed_bind_;
    return *this;
}

Statement::~Statement() { release(); }

void Statement::release() noexcept {
    if (compiled_ == nullptr) return;
    reset();
    sqlite3_clear_bindings(compiled_->handle);
    compiled_->in_use = false;
    compiled_ = nullptr;
}

void Statement::note(int bind_result) {
    if (failed_bind_ == SQLITE_OK) failed_bind_ = bind_result;
}

Statement& Statement::bind(int index, std::int64_t value) {
    note(sqlite3_bind_int64(compiled_->handle, index + 1, value));
    return *this;
}

Statement& Statement::bind(int index, ByteView blob) {
    // A null pointer would bind NULL where an empty blob is meant.
    const void* const data = blob.empty() ? static_cast<const void*>("") : blob.data();
    note(sqlite3_bind_blob64(compiled_->handle, index + 1, data, blob.size(), SQLITE_TRANSIENT));
    return *this;
}

Statement& Statement::bind(int index, std::string_view text) {
    const char* const data = text.empty() ? "" : text.data();
    note(sqlite3_bind_text64(compiled_->handle, index + 1, data, text.size(), SQLITE_TRANSIENT,
                             SQLITE_UTF8));
    return *this;
}

Statement& Statement::bind_null(int index) {
    note(sqlite3_bind_null(compiled_->handle, index + 1));
    return *this;
}

Result<bool> Statement::step() {
    if (failed_bind_ != SQLITE_OK) {
        const bool too_big = failed_bind_ == SQLITE_TOOBIG || failed_bind_ == SQLITE_NOMEM;
        return Error{too_big ? ErrorCode::resource_exhausted : ErrorCode::internal,
                     "bind to a statement"};
    }
    hold_guard();
    const int result = sqlite3_step(compiled_->handle);
    if (result == SQLITE_ROW || result == SQLITE_DONE) {
        const auto checked = compiled_->guard->check();
        if (result == SQLITE_DONE || !checked.ok()) reset();
        if (!checked.ok()) return checked.error();
        return result == SQLITE_ROW;
    }
    const Error error = sqlite_error(compiled_->connection, "step a statement");
    reset();
    return error;
}

// Inside of a transaction the guard needs no help; a write outside of one must end with its step.
void Statement::hold_guard() {
    if (compiled_->holds_guard || sqlite3_get_autocommit(compiled_->connection) == 0 ||
        sqlite3_stmt_readonly(compiled_->handle) == 0) {
        return;
    }
    compiled_->guard->hold();
    compiled_->holds_guard = true;
}

void Statement::reset() noexcept {
    sqlite3_reset(compiled_->handle);
    if (compiled_->holds_guard) compiled_->guard->let_go();
    compiled_->holds_guard = false;
}

Result<void> Statement::run() {
    const bool row = NACRE_TRY(step());
    reset();
    if (row) return Error{ErrorCode::internal, "run a statement that has rows"};
    return {};
}

std::int64_t Statement::integer(int column) const {
    return sqlite3_column_int64(compiled_->handle, column);
}

ByteView Statement::blob(int column) const {
    const auto* const data =
        static_cast<const std::uint8_t*>(sqlite3_column_blob(compiled_->handle, column));
    return {data, static_cast<std::size_t>(sqlite3_column_bytes(compiled_->handle, column))};
}

std::string_view Statement::text(int column) const {
    const auto* const data =
        reinterpret_cast<const char*>(sqlite3_column_text(compiled_->handle, column));
    return {data, static_cast<std::size_t>(sqlite3_column_bytes(compiled_->handle, column))};
}

bool Statement::is_null(int column) const {
    return sqlite3_column_type(compiled_->handle, column) == SQLITE_NULL;
}

// ---- Database

struct Database::State {
    sqlite3* connection = nullptr;
    PageGuard guard;
    // By the literal's address: a compare of pointers, and no text is kept twice.
    std::unordered_map<const char*, Statement::Compiled> statements;

    State() = default;
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State() {
        for (auto& [sql, compiled] : statements) sqlite3_finalize(compiled.handle);
        sqlite3_close_v2(connection);  // closes once the guard's statements are gone
    }
};

Database::Database(std::unique_ptr<State> state) : state_{std::move(state)} {}

Database::Database(Database&&) noexcept = default;
Database& Database::operator=(Database&&) noexcept = default;
Database::~Database() = default;

Result<Database> Database::open(const std::filesystem::path& path, const Secret<32>& key, Mode mode) {
    auto state = std::make_unique<State>();
    state->connection = NACRE_TRY(open_connection(path, key, mode));
    NACRE_TRY(state->guard.attach(state->connection));
    return Database{std::move(state)};
}

Result<void> Database::cap_cache(std::size_t kib) {
    return vault::cap_cache(state_->connection, kib);
}

Result<Statement> Database::prepare(Literal sql) {
    auto found = state_->statements.find(sql.c_str());
    if (found == state_->statements.end()) {
        sqlite3_stmt* handle = nullptr;
        if (sqlite3_prepare_v3(state_->connection, sql.c_str(), -1, SQLITE_PREPARE_PERSISTENT,
                               &handle, nullptr) != SQLITE_OK) {
            return sqlite_error(state_->connection, "compile a statement");
        }
        if (handle == nullptr) return Error{ErrorCode::internal, "compile an empty statement"};
        found = state_->statements.try_emplace(sql.c_str(), Statement::Compiled{state_->connection, &state_->guard,
                                                              handle, false, false}).first;
    }
    if (found->second.in_use) return Error{ErrorCode::internal, "use a statement twice at a time"};
    found->second.in_use = true;
    return Statement{&found->second};
}

Result<void> Database::exec(Literal sql) {
    return run_sql(state_->connection, sql.c_str(), "execute statements");
}

std::int64_t Database::last_insert_rowid() const {
    return sqlite3_last_insert_rowid(state_->connection);
}

std::int64_t Database::changes() const { return sqlite3_changes64(state_->connection); }

bool Database::in_transaction() const { return sqlite3_get_autocommit(state_->connection) == 0; }

Result<std::uint32_t> Database::user_version() {
    auto statement = NACRE_TRY(prepare("PRAGMA user_version"));
    if (!NACRE_TRY(statement.step())) return Error{ErrorCode::internal, "read the schema's number"};
    const std::int64_t version = statement.integer(0);
    if (version < 0) return Error{ErrorCode::vault_damaged, "read the schema's number"};
    return static_cast<std::uint32_t>(version);
}

Result<void> Database::set_user_version(std::uint32_t version) {
    std::array<char, 48> sql{};
    constexpr std::string_view kStart = "PRAGMA user_version=";
    std::memcpy(sql.data(), kStart.data(), kStart.size());
    std::to_chars(sql.data() + kStart.size(), sql.data() + sql.size() - 1, version);
    return run_sql(state_->connection, sql.data(), "set the schema's number");
}

Result<void> Database::truncate_log() {
    const int result = sqlite3_wal_checkpoint_v2(state_->connection, "main",
                                                 SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
    if (result != SQLITE_OK) return sqlite_error(state_->connection, "truncate the database's log");
    return {};
}

Result<void> Database::freeze() { return forbid_writing(state_->connection); }

// ---- DatabaseCopy

struct DatabaseCopy::State {
    Database::State* source;
    sqlite3* target;
    sqlite3_backup* backup = nullptr;
    bool failed = false;  // a page of the source did

    State(Database::State* source_, sqlite3* target_) : source{source_}, target{target_} {}
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State() {
        sqlite3_backup_finish(backup);
        sqlite3_close_v2(target);
    }
};

DatabaseCopy::DatabaseCopy(std::unique_ptr<State> state) : state_{std::move(state)} {}
DatabaseCopy::DatabaseCopy(DatabaseCopy&&) noexcept = default;
DatabaseCopy::~DatabaseCopy() = default;

Result<DatabaseCopy> DatabaseCopy::begin(Database& source, const std::filesystem::path& path,
                                         const Secret<32>& key) {
    sqlite3* const target =
        NACRE_TRY(open_connection(path, key, Database::Mode::receive_copy));
    auto state = std::make_unique<State>(source.state_.get(), target);
    state->backup = sqlite3_backup_init(target, "main", source.state_->connection, "main");
    if (state->backup == nullptr) return sqlite_error(target, "copy the database");
    return DatabaseCopy{std::move(state)};
}

Result<DatabaseCopy::Progress> DatabaseCopy::step(int pages) {
    State& state = *state_;
    PageGuard& guard = state.source->guard;
    // Pages that failed their HMAC come as zeros; the guard is who notices. The step would end its
    // own read transaction, and with it what the guard looks at.
    guard.hold();
    const int result = sqlite3_backup_step(state.backup, pages);
    const auto checked = guard.check();
    guard.let_go();
    // Zeros are in the copy from now on, and no later step takes them back.
    if (!checked.ok()) state.failed = true;
    if (state.failed) return Error{ErrorCode::vault_damaged, "copy the database"};
    if (result != SQLITE_OK && result != SQLITE_DONE) {
        const Error error = sqlite_error(state.target, "copy the database");
        if (error.code == ErrorCode::internal) {
            return Error{(result & 0xff) == SQLITE_FULL ? ErrorCode::disk_full : ErrorCode::io_failed,
                         "copy the database"};
        }
        return error;
    }
    const auto total = static_cast<std::uint64_t>(sqlite3_backup_pagecount(state.backup));
    const auto left = static_cast<std::uint64_t>(sqlite3_backup_remaining(state.backup));
    return Progress{total - left, total, result == SQLITE_DONE};
}

// ---- Transaction, Savepoint

Result<Transaction> Transaction::begin(Database& database) {
    NACRE_TRY(database.exec("BEGIN IMMEDIATE"));
    return Transaction{database};
}

Transaction::Transaction(Transaction&& other) noexcept
    : database_{std::exchange(other.database_, nullptr)} {}

Transaction::~Transaction() {
    if (database_ == nullptr || !database_->in_transaction()) return;
    // Only fails when there is nothing to roll back.
    [[maybe_unused]] const auto undone = database_->exec("ROLLBACK");
}

Result<void> Transaction::commit() {
    if (database_ == nullptr) return Error{ErrorCode::internal, "commit twice"};
    if (!database_->in_transaction()) {
        return Error{ErrorCode::io_failed, "commit what was rolled back after a failed write"};
    }
    NACRE_TRY(database_->exec("COMMIT"));
    database_ = nullptr;
    return {};
}

Result<Savepoint> Savepoint::begin(Database& database) {
    if (!database.in_transaction()) {
        return Error{ErrorCode::io_failed, "begin a savepoint outside of a transaction"};
    }
    NACRE_TRY(database.exec("SAVEPOINT nacre"));
    return Savepoint{database};
}

Savepoint::Savepoint(Savepoint&& other) noexcept
    : database_{std::exchange(other.database_, nullptr)} {}

Savepoint::~Savepoint() {
    if (database_ == nullptr || !database_->in_transaction()) return;
    [[maybe_unused]] const auto undone = database_->exec("ROLLBACK TO nacre; RELEASE nacre");
}

Result<void> Savepoint::release() {
    if (database_ == nullptr) return Error{ErrorCode::internal, "release a savepoint twice"};
    NACRE_TRY(database_->exec("RELEASE nacre"));
    database_ = nullptr;
    return {};
}

}  // namespace nacre::vault
