// Tokenizer: how text is folded for searching, cut into the index's terms, and matched.
//
// Layer:   vault. tokenizer.cpp includes sqlite3.h for the FTS5 interface.
// Secrets: message text passes through; nothing is kept.
// Errors:  internal (SQLite refuses the registration). Folding takes any bytes: invalid UTF-8 counts
//          as U+FFFD, a byte each.
// Threads: pure functions; a registration belongs to its connection.
// Format:  vault/FORMAT.md, "Search index". A change of folding or terms needs a migration that
//          rebuilds the index.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "api/base/result.h"

struct sqlite3;

namespace nacre::vault {

// Adds the FTS5 tokenizer "nacre" to the connection. Database::open calls it each time.
Result<void> register_tokenizer(sqlite3* connection);

struct TextRange {
    std::uint32_t start = 0;  // bytes
    std::uint32_t length = 0;
    bool operator==(const TextRange&) const = default;
};

// Text as it is compared: compatibility-decomposed, case-folded, without accents and invisible
// characters; Hangul and kana composed; white space and controls as single spaces.
struct FoldedText {
    std::u32string text;
    std::vector<TextRange> origin;  // of each character of `text`, in the bytes folded
};

FoldedText fold(std::string_view text);
// The same as UTF-8, without origins.
std::string fold_text(std::string_view text);

// The words of a query, folded, each once; none for a query of white space alone.
std::vector<std::u32string> query_words(std::string_view query);

// The FTS5 expression that every text with all these words matches; may match others, too.
// Whatever the words hold is quoted. Empty without words.
std::string match_expression(const std::vector<std::u32string>& words);

// True when every word stands in the text. With `ranges`: where, in bytes of the text folded,
// ascending, overlapping ones joined.
bool contains_words(const FoldedText& text, const std::vector<std::u32string>& words,
                    std::vector<TextRange>* ranges = nullptr);

}  // namespace nacre::vault
