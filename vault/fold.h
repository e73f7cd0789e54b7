// Fold: text as it is compared when searching, and which bytes each character came from.
//
// Layer:   vault.
// Secrets: message text and names pass through; nothing is kept.
// Errors:  none; any bytes fold. Invalid UTF-8 counts as U+FFFD, a byte each.
// Threads: pure functions.
// Format:  vault/FORMAT.md, "Search index". A change here needs a migration that rebuilds the index
//          and the recipients' folded names.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace nacre::vault {

struct TextRange {
    std::uint32_t start = 0;  // bytes
    std::uint32_t length = 0;
    bool operator==(const TextRange&) const = default;
};

// Compatibility-decomposed, case-folded, without accents and invisible characters; Hangul and kana
// composed; white space and controls as spaces.
struct FoldedText {
    std::u32string text;
    std::vector<TextRange> origin;  // of each character of `text`, in the bytes folded
};

FoldedText fold(std::string_view text);
// Without origins: a third of the time. Appends nothing, replaces `out`.
void fold(std::string_view text, std::u32string& out);
// The same as UTF-8.
std::string fold_text(std::string_view text);

// UTF-8 of one character, appended.
void append_utf8(char32_t character, std::string& out);

// The words of a query, folded, each once; none for a query of white space alone.
std::vector<std::u32string> query_words(std::string_view query);

// True when every word stands in the text.
bool contains_words(std::u32string_view folded, const std::vector<std::u32string>& words);

// Where the words stand, in bytes of the text that was folded; ascending, touching ones joined.
std::vector<TextRange> word_ranges(const FoldedText& text,
                                   const std::vector<std::u32string>& words);

}  // namespace nacre::vault
