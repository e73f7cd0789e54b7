// SqliteError: what SQLite's result codes mean to nacre.
//
// Layer:   vault, for the files that include sqlite3.h.
// Secrets: none; SQLite's messages, which may quote what is stored, are not passed on.
// Threads: as the connection.
#pragma once

#include "api/base/result.h"

struct sqlite3;

namespace nacre::vault {

// The connection's last error.
Error sqlite_error(sqlite3* connection, Literal where);

// Runs statements without parameters or rows.
Result<void> run_sql(sqlite3* connection, const char* sql, Literal where);

}  // namespace nacre::vault
