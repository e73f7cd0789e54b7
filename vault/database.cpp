#include "vault/database.h"

#include <fcntl.h>
#include <sqlcipher/sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <unordered_map>
#include <utility>

#include "vault/sqlite_runtime.h"
#include "vault/tokenizer.h"

namespace nacre::vault {

struct Statement::Compiled {
    sqlite3* connection;
    sqlite3_stmt* handle;
    bool in_use;
};

namespace {

constexpr int kBusyTimeoutMs = 5000;
constexpr std::size_t kWriterCacheKib = std::size_t{16} * 1024;
constexpr std::size_t kReaderCacheKib = std::size_t{4} * 1024;

ErrorCode classify(int result, int os_errno) {
    switch (result & 0xff) {
        case SQLITE_NOTADB:
        case SQLITE_CORRUPT:
        case SQLITE_FORMAT: return ErrorCode::vault_damaged;
        case SQLITE_FULL: return ErrorCode::disk_full;
        case SQLITE_BUSY:
        case SQLITE_LOCKED: return ErrorCode::vault_in_use;
        case SQLITE_NOMEM: return ErrorCode::resource_exhausted;
        case SQLITE_CONSTRAINT: return ErrorCode::already_exists;
        case SQLITE_TOOBIG: return ErrorCode::resource_exhausted;
        case SQLITE_READONLY:
        case SQLITE_PERM: return ErrorCode::permission_denied;
        case SQLITE_CANTOPEN:
            // SQLite tries again without creating, so the reason is lost.
            if (os_errno == ENOENT) return ErrorCode::io_failed;
            [[fallthrough]];
        case SQLITE_IOERR:
            return os_errno == 0 ? ErrorCode::io_failed : os_error("", os_errno).code;
        default: return ErrorCode::internal;
    }
}

Error sqlite_error(sqlite3* connection, Literal where) {
    const int result = sqlite3_extended_errcode(connection);
    const int os_errno = sqlite3_system_errno(connection);
    const int primary = result & 0xff;
    const bool from_system = primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN;
    return {classify(result, os_errno), where, from_system ? os_errno : 0};
}

Result<void> run_sql(sqlite3* connection, const char* sql, Literal where) {
    if (sqlite3_exec(connection, sql, nullptr, nullptr, nullptr) != SQLITE_OK) {
        return sqlite_error(connection, where);
    }
    return {};
}

// After the connection is set up: no other file, no other key, no setting that would put plaintext
// on disk or weaken durability. Denied statements fail to compile (ErrorCode::internal).
int authorize(void*, int action, const char* first, const char* second, const char* /*database*/,
              const char* /*trigger*/) {
    if (action == SQLITE_ATTACH || action == SQLITE_DETACH) return SQLITE_DENY;
    if (action != SQLITE_PRAGMA) return SQLITE_OK;
    const auto is_first = [first](const char* name) { return sqlite3_stricmp(name, first) == 0; };
    static constexpr std::array kHarmless{
        "user_version",    "data_version", "integrity_check", "quick_check",
        "cipher_integrity_check", "page_count",   "freelist_count",  "foreign_key_check",
        "optimize",        "table_info",   "wal_checkpoint",
    };
    if (std::any_of(kHarmless.begin(), kHarmless.end(), is_first)) return SQLITE_OK;
    // Looked at, not set.
    static constexpr std::array kReadable{
        "journal_mode", "synchronous", "secure_delete", "temp_store",
        "foreign_keys", "cache_size",  "cipher_memory_security",
    };
    const bool readable = std::any_of(kReadable.begin(), kReadable.end(), is_first);
    return readable && second == nullptr ? SQLITE_OK : SQLITE_DENY;
}

// A raw key in SQLCipher's notation, x'<64 hexadecimal digits>': no PBKDF2, ours was Argon2id.
Result<void> set_key(sqlite3* connection, const Secret<32>& key) {
    static constexpr char kDigits[] = "0123456789abcdef";
    auto text = NACRE_TRY(Secret<67>::zeroed());
    const auto out = text.span();
    out[0] = 'x';
    out[1] = out[66] = '\'';
    for (std::size_t at = 0; at < 32; ++at) {
        out[2 + at * 2] = static_cast<std::uint8_t>(kDigits[key.view()[at] >> 4]);
        out[3 + at * 2] = static_cast<std::uint8_t>(kDigits[key.view()[at] & 15]);
    }
    if (sqlite3_key_v2(connection, "main", out.data(), static_cast<int>(out.size())) != SQLITE_OK) {
        return Error{ErrorCode::resource_exhausted, "set the database key"};
    }
    return {};
}

Result<void> set_cache(sqlite3* connection, std::size_t cache_kib) {
    std::array<char, 48> sql{};
    constexpr std::string_view kStart = "PRAGMA cache_size=-";
    std::memcpy(sql.data(), kStart.data(), kStart.size());
    std::to_chars(sql.data() + kStart.size(), sql.data() + sql.size() - 1, cache_kib);
    return run_sql(connection, sql.data(), "set the page cache");
}

void restrict_features(sqlite3* connection) {
    for (const auto& [option, value] : {std::pair{SQLITE_DBCONFIG_DEFENSIVE, 1},
                                       {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
                                       {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
                                       {SQLITE_DBCONFIG_DQS_DML, 0},
                                       {SQLITE_DBCONFIG_DQS_DDL, 0},
                                       {SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1}}) {
        sqlite3_db_config(connection, option, value, nullptr);
    }
    sqlite3_limit(connection, SQLITE_LIMIT_ATTACHED, 0);
}

Result<void> set_up(sqlite3* connection, const Secret<32>& key, Database::Mode mode,
                    std::size_t cache_kib) {
    constexpr Literal kWhere = "set up the database";
    // SQLCipher warns on stderr by default; its own errors come back as result codes.
    NACRE_TRY(run_sql(connection, "PRAGMA cipher_log_level=NONE", kWhere));
    NACRE_TRY(run_sql(connection, "PRAGMA cipher_memory_security=OFF", kWhere));
    NACRE_TRY(set_key(connection, key));
    NACRE_TRY(run_sql(connection, "PRAGMA cipher_compatibility=4", kWhere));
    NACRE_TRY(run_sql(connection, "PRAGMA cipher_page_size=4096", kWhere));
    NACRE_TRY(run_sql(connection, "PRAGMA temp_store=MEMORY", kWhere));
    // The first read of the file: a key that does not fit shows here.
    NACRE_TRY(run_sql(connection, "SELECT count(*) FROM sqlite_schema", "open the database"));
    if (mode == Database::Mode::create) {
        NACRE_TRY(run_sql(connection, "PRAGMA journal_mode=WAL", kWhere));
    }
    NACRE_TRY(run_sql(connection,
                      "PRAGMA synchronous=FULL; PRAGMA secure_delete=ON; PRAGMA foreign_keys=ON;"
                      "PRAGMA cell_size_check=ON; PRAGMA mmap_size=0;",
                      kWhere));
    if (mode == Database::Mode::read_only) {
        NACRE_TRY(run_sql(connection, "PRAGMA query_only=ON", kWhere));
    }
    if (cache_kib == 0) {
        cache_kib = mode == Database::Mode::read_only ? kReaderCacheKib : kWriterCacheKib;
    }
    NACRE_TRY(set_cache(connection, cache_kib));
    NACRE_TRY(register_tokenizer(connection));
    sqlite3_set_authorizer(connection, authorize, nullptr);
    return {};
}

// SQLite would make it under the umask; log and index take over the main file's mode.
Result<void> make_file(const std::filesystem::path& path) {
    const int fd = open(path.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0) {
        if (errno == EEXIST) return Error{ErrorCode::already_exists, "make the database file"};
        return os_error("make the database file", errno);
    }
    close(fd);
    return {};
}

}  // namespace

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
    sqlite3_reset(compiled_->handle);
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
    const int result = sqlite3_step(compiled_->handle);
    if (result == SQLITE_ROW) return true;
    if (result == SQLITE_DONE) return false;
    const Error error = sqlite_error(compiled_->connection, "step a statement");
    sqlite3_reset(compiled_->handle);
    return error;
}

Result<void> Statement::run() {
    const bool row = NACRE_TRY(step());
    sqlite3_reset(compiled_->handle);
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
    // By the literal's address: a compare of pointers, and no text is kept twice.
    std::unordered_map<const char*, Statement::Compiled> statements;

    State() = default;
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State() {
        for (auto& [sql, compiled] : statements) sqlite3_finalize(compiled.handle);
        sqlite3_close_v2(connection);
    }
};

Database::Database(std::unique_ptr<State> state) : state_{std::move(state)} {}

Database::Database(Database&&) noexcept = default;
Database& Database::operator=(Database&&) noexcept = default;
Database::~Database() = default;

Result<Database> Database::open(const std::filesystem::path& path, const Secret<32>& key, Mode mode,
                                std::size_t cache_kib) {
    NACRE_TRY(start_sqlite());
    if (mode == Mode::create) NACRE_TRY(make_file(path));
    const int access = mode == Mode::read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
    const int flags = access | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    auto state = std::make_unique<State>();
    if (sqlite3_open_v2(path.c_str(), &state->connection, flags, nullptr) != SQLITE_OK) {
        if (sqlite3_system_errno(state->connection) == ENOENT) {
            return Error{ErrorCode::not_found, "open the database file", ENOENT};
        }
        return sqlite_error(state->connection, "open the database file");
    }
    sqlite3_busy_timeout(state->connection, kBusyTimeoutMs);
    restrict_features(state->connection);
    NACRE_TRY(set_up(state->connection, key, mode, cache_kib));
    return Database{std::move(state)};
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
        found = state_->statements.try_emplace(sql.c_str(), state_->connection, handle, false).first;
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
