#include "vault/sqlite_error.h"

#include <sqlcipher/sqlite3.h>

#include <cerrno>
#include <cstring>

namespace nacre::vault {
namespace {

// A page that fails its HMAC makes SQLCipher put SQLITE_ERROR on everything that touches the file
// next. Unlike SQLite's own uses of that code, it comes without a message.
bool is_failed_page(sqlite3* connection, int result) {
    return result == SQLITE_ERROR &&
           std::strcmp(sqlite3_errmsg(connection), sqlite3_errstr(SQLITE_ERROR)) == 0;
}

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

}  // namespace

Error sqlite_error(sqlite3* connection, Literal where) {
    const int result = sqlite3_extended_errcode(connection);
    const int os_errno = sqlite3_system_errno(connection);
    if (is_failed_page(connection, result)) return {ErrorCode::vault_damaged, where};
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

}  // namespace nacre::vault
