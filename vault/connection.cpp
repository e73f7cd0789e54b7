#include "vault/connection.h"

#include <fcntl.h>
#include <sqlcipher/sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <string_view>

#include "vault/sqlite_error.h"
#include "vault/sqlite_runtime.h"
#include "vault/tokenizer.h"

namespace nacre::vault {
namespace {

constexpr int kBusyTimeoutMs = 5000;

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
        "optimize",        "table_info",   "wal_checkpoint",    "cache_size",
    };
    if (std::any_of(kHarmless.begin(), kHarmless.end(), is_first)) return SQLITE_OK;
    // Looked at, not set.
    static constexpr std::array kReadable{
        "journal_mode", "synchronous", "secure_delete", "temp_store",
        "foreign_keys", "cipher_memory_security",
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

Result<void> set_up(sqlite3* connection, const Secret<32>& key, Database::Mode mode) {
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
    if (mode == Database::Mode::create || mode == Database::Mode::recreate) {
        NACRE_TRY(run_sql(connection, "PRAGMA journal_mode=WAL", kWhere));
    }
    NACRE_TRY(run_sql(connection,
                      "PRAGMA synchronous=FULL; PRAGMA secure_delete=ON; PRAGMA foreign_keys=ON;"
                      "PRAGMA cell_size_check=ON; PRAGMA mmap_size=0;",
                      kWhere));
    if (mode == Database::Mode::read_only) {
        NACRE_TRY(run_sql(connection, "PRAGMA query_only=ON", kWhere));
    }
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

// The same file, so that its dates and place say nothing.
Result<void> empty_file(const std::filesystem::path& path) {
    const int fd = open(path.c_str(), O_RDWR | O_TRUNC | O_CLOEXEC);
    if (fd < 0) return os_error("empty the database file", errno);
    const int synced = fsync(fd);
    const int reason = errno;
    close(fd);
    if (synced != 0) return os_error("empty the database file", reason);
    return {};
}

struct Close {
    void operator()(sqlite3* connection) const { sqlite3_close_v2(connection); }
};

}  // namespace

Result<sqlite3*> open_connection(const std::filesystem::path& path, const Secret<32>& key,
                                 Database::Mode mode) {
    NACRE_TRY(start_sqlite());
    if (mode == Database::Mode::create || mode == Database::Mode::receive_copy) {
        NACRE_TRY(make_file(path));
    }
    if (mode == Database::Mode::recreate) NACRE_TRY(empty_file(path));
    const bool read_only = mode == Database::Mode::read_only;
    const int flags = (read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE) |
                      SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    sqlite3* opened = nullptr;
    const int result = sqlite3_open_v2(path.c_str(), &opened, flags, nullptr);
    std::unique_ptr<sqlite3, Close> connection{opened};
    if (result != SQLITE_OK) {
        if (sqlite3_system_errno(opened) == ENOENT) {
            return Error{ErrorCode::not_found, "open the database file", ENOENT};
        }
        return sqlite_error(opened, "open the database file");
    }
    sqlite3_busy_timeout(opened, kBusyTimeoutMs);
    restrict_features(opened);
    NACRE_TRY(set_up(opened, key, mode));
    return connection.release();
}

Result<void> cap_cache(sqlite3* connection, std::size_t kib) {
    std::array<char, 48> sql{};
    constexpr std::string_view kStart = "PRAGMA cache_size=-";
    std::memcpy(sql.data(), kStart.data(), kStart.size());
    std::to_chars(sql.data() + kStart.size(), sql.data() + sql.size() - 1, kib);
    return run_sql(connection, sql.data(), "set the page cache");
}

Result<void> forbid_writing(sqlite3* connection) {
    sqlite3_set_authorizer(connection, nullptr, nullptr);
    const auto done = run_sql(connection, "PRAGMA query_only=ON", "freeze the database");
    sqlite3_set_authorizer(connection, authorize, nullptr);
    return done;
}

}  // namespace nacre::vault
