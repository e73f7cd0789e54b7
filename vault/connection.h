// Connection: opens SQLCipher's database file with the settings nacre relies on.
//
// Layer:   vault, for database.cpp.
// Secrets: borrows the database subkey; SQLCipher keeps it in ordinary memory from then on.
// Errors:  those of database.h.
// Threads: none of its own.
#pragma once

#include <filesystem>

#include "api/base/result.h"
#include "sandbox/secret.h"
#include "vault/database.h"

struct sqlite3;

namespace nacre::vault {

// The caller closes it with sqlite3_close_v2.
Result<sqlite3*> open_connection(const std::filesystem::path& path, const Secret<32>& key,
                                 Database::Mode mode);

Result<void> cap_cache(sqlite3* connection, std::size_t kib);

// No more writing through this connection.
Result<void> forbid_writing(sqlite3* connection);

}  // namespace nacre::vault
