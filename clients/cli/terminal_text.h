// Text from others, made harmless for a terminal: it can neither move the cursor, nor change
// colours, nor reorder what stands beside it.
//
// Layer:   clients/cli.
// Secrets: message text passes through.
// Threads: pure, in a UTF-8 locale (main sets it).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace nacre::cli {

bool is_utf8(std::string_view text);

// On one line: line breaks and tabs become spaces; other control characters and bidirectional
// overrides are written out as \u{1b}; invalid bytes become U+FFFD.
std::string safe_line(std::string_view text);

// As safe_line, but line breaks stay, each followed by `indent` spaces.
std::string safe_block(std::string_view text, std::size_t indent);

// Columns that safe text takes.
std::size_t width(std::string_view text);

// Cut to `columns`, with an ellipsis when something is missing, or filled up with spaces.
std::string fit(std::string_view text, std::size_t columns);
std::string shorten(std::string_view text, std::size_t columns);

}  // namespace nacre::cli
