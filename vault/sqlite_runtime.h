// SQLite's process-wide settings, made once before the first connection.
//
// Layer:   vault, for database.cpp alone.
// Secrets: everything SQLite holds passes through the allocator installed here, which wipes what is
//          freed. (SQLCipher's own cipher_memory_security stays off: it locks and unlocks each
//          piece, which is 12 times slower and undoes mlockall.)
// Errors:  internal: somebody used SQLite before.
// Threads: any.
#pragma once

#include "api/base/result.h"

namespace nacre::vault {

Result<void> start_sqlite();

}  // namespace nacre::vault
