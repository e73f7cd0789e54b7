#include "vault/page_guard.h"

#include <sqlcipher/sqlite3.h>

#include "vault/sqlite_error.h"

namespace nacre::vault {
namespace {

// Two texts, so that they are two statements: the anchor stands still on its first row.
constexpr const char* kProbe = "SELECT 1 FROM sqlite_schema LIMIT 1";
constexpr const char* kAnchor = "SELECT 1 FROM sqlite_schema";

Result<sqlite3_stmt*> compile(sqlite3* connection, const char* sql) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v3(connection, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr) !=
        SQLITE_OK) {
        return sqlite_error(connection, "compile a statement");
    }
    return statement;
}

}  // namespace

PageGuard::~PageGuard() {
    sqlite3_finalize(probe_);
    sqlite3_finalize(anchor_);
}

Result<void> PageGuard::attach(sqlite3* connection) {
    connection_ = connection;
    probe_ = NACRE_TRY(compile(connection, kProbe));
    anchor_ = NACRE_TRY(compile(connection, kAnchor));
    return {};
}

void PageGuard::hold() {
    // If it fails, so does the statement it is for.
    if (held_++ == 0) sqlite3_step(anchor_);
}

void PageGuard::let_go() {
    if (--held_ == 0) sqlite3_reset(anchor_);
}

int PageGuard::pages_read() const {
    int now = 0;
    int unused = 0;
    sqlite3_db_status(connection_, SQLITE_DBSTATUS_CACHE_MISS, &now, &unused, 0);
    return now;
}

Result<void> PageGuard::check() {
    const int now = pages_read();
    if (now == seen_) return {};
    seen_ = now;
    const int result = sqlite3_step(probe_);
    sqlite3_reset(probe_);
    if (result == SQLITE_ROW || result == SQLITE_DONE) return {};
    return Error{ErrorCode::vault_damaged, "check the pages that were read"};
}

}  // namespace nacre::vault
