// Recipient merge: two rows turn out to be one person.
//
// Layer:   vault, for RecipientStore.
// Errors:  Database's.
// Threads: as the Database. Needs a transaction of the caller's.
#pragma once

#include <cstdint>

#include "api/base/result.h"
#include "vault/database.h"

namespace nacre::vault {

// Messages, receipts and the conversation of `from` become those of `into`, and the row `from` is
// deleted. Two conversations become one in the local order; its id is that of `into`, and the other
// id is not found any longer.
Result<void> merge_recipients(Database& database, std::int64_t from, std::int64_t into);

}  // namespace nacre::vault
