// Tokenizer: how folded text is cut into the search index's terms, and queries into expressions.
//
// Layer:   vault. tokenizer.cpp includes sqlite3.h for the FTS5 interface.
// Secrets: message text passes through; nothing is kept.
// Errors:  internal (SQLite refuses the registration).
// Threads: pure functions; a registration belongs to its connection.
// Format:  vault/FORMAT.md, "Search index". A change of terms needs a migration that rebuilds the
//          index.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/base/result.h"

struct sqlite3;

namespace nacre::vault {

// Adds the FTS5 tokenizer "nacre" to the connection. Database::open calls it each time.
Result<void> register_tokenizer(sqlite3* connection);

// How many characters a term has that begins with this one: two in the scripts with many
// characters, three in the others.
constexpr std::size_t term_length(char32_t first) { return first < 0x2e80 ? 3 : 2; }

struct MatchExpression {
    std::string text;     // FTS5 syntax; whatever the words hold is quoted
    bool prefix = false;  // has words shorter than a term: costly, because many terms begin so
};

// What every text with all these words matches; others may match, too. `words` must be folded and
// not empty.
MatchExpression match_expression(const std::vector<std::u32string>& words);

}  // namespace nacre::vault
