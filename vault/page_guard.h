// PageGuard: notices pages that failed their HMAC where SQLCipher lets them pass.
//
// When a page fails, SQLCipher hands SQLite zeros and marks the connection. Zeros are no valid
// tree page, so nearly always the statement fails; but they are a valid last page of a long value:
// then the row comes back with zeros for its end, and no error. The mark makes the next access to
// the file fail, so the guard makes one, whenever pages have been read, before a row is believed.
//
// Layer:   vault, for database.cpp.
// Secrets: none.
// Errors:  vault_damaged.
// Threads: as the connection.
#pragma once

#include "api/base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace nacre::vault {

class PageGuard {
public:
    PageGuard() = default;
    PageGuard(const PageGuard&) = delete;
    PageGuard& operator=(const PageGuard&) = delete;
    ~PageGuard();

    Result<void> attach(sqlite3* connection);

    // Between the two a read transaction is kept open: its end would take the mark away.
    void hold();
    void let_go();

    // Costs 30 ns when no page was read since the last call, 300 ns otherwise.
    Result<void> check();

private:
    int pages_read() const;

    sqlite3* connection_ = nullptr;
    sqlite3_stmt* probe_ = nullptr;
    sqlite3_stmt* anchor_ = nullptr;
    int held_ = 0;
    int seen_ = 0;
};

}  // namespace nacre::vault
