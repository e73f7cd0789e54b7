// Migrations: the numbered steps from an empty database to today's schema. Forward only; a step
// that has been released is never edited.
//
// Layer:   vault. The steps themselves stand in vault/schema.cpp.
// Secrets: none.
// Errors:  vault_too_new: the database has steps this nacre does not know; those of the database.
// Threads: as the database.
#pragma once

#include <cstdint>
#include <span>

#include "api/base/result.h"
#include "vault/database.h"

namespace nacre::vault {

struct Migration {
    std::uint32_t number;  // 1, 2, 3 …
    Literal sql;           // one or more statements, no transaction of their own
};

// All of them, in order.
std::span<const Migration> migrations();

// vault_too_new unless `steps` reach the database's user_version. Changes nothing.
Result<void> check_schema(Database& database, std::span<const Migration> steps);

// Runs what is missing, each step in a transaction of its own together with its number: a crash in
// between leaves whole steps.
Result<void> migrate(Database& database, std::span<const Migration> steps);

}  // namespace nacre::vault
