// Snippet: the piece of a text that shows where a query stands.
//
// Layer:   vault, for Search.
// Secrets: message text; nothing is kept.
// Threads: pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "vault/fold.h"

namespace nacre::vault {

struct Snippet {
    std::string text;
    std::size_t start = 0;          // in the text it was cut from, bytes
    std::vector<TextRange> ranges;  // in bytes of `text`
};

// About kSnippetBytes of the text around the first range, cut between characters as people see
// them, where possible between words. Ranges outside are left out, one at the end is cut short.
Snippet cut_snippet(std::string_view text, const std::vector<TextRange>& ranges);

inline constexpr std::size_t kSnippetBytes = 240;

}  // namespace nacre::vault
