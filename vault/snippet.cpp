#include "vault/snippet.h"

#include <utf8proc.h>

#include <algorithm>

namespace nacre::vault {
namespace {

constexpr std::size_t kBefore = 60;    // bytes shown before the first range
constexpr std::size_t kToSpace = 24;   // how far a cut moves to stand between words
constexpr std::size_t kToStart = 128;  // and at most, to stand between characters

// The character at `at`; -1 where none begins.
utf8proc_int32_t character_at(std::string_view text, std::size_t at) {
    utf8proc_int32_t character = -1;
    const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
    const auto used =
        utf8proc_iterate(bytes + at, static_cast<utf8proc_ssize_t>(text.size() - at), &character);
    return used > 0 ? character : -1;
}

bool is_continuation(char byte) { return (static_cast<unsigned char>(byte) & 0xc0) == 0x80; }

// The start of the character before `at`, or of the byte.
std::size_t before(std::string_view text, std::size_t at) {
    std::size_t start = at - 1;
    while (start > 0 && at - start < 4 && is_continuation(text[start])) --start;
    return start;
}

bool can_cut(std::string_view text, std::size_t at) {
    if (at == 0 || at >= text.size()) return true;
    if (is_continuation(text[at])) return false;
    const auto left = character_at(text, before(text, at));
    const auto right = character_at(text, at);
    if (left < 0 || right < 0) return true;  // invalid UTF-8: anywhere
    return utf8proc_grapheme_break(left, right);
}

// The last place at or before `at` for a cut.
std::size_t cut_at(std::string_view text, std::size_t at) {
    if (at >= text.size()) return text.size();
    const std::size_t lowest = at > kToStart ? at - kToStart : 0;
    std::size_t place = at;
    while (place > lowest && !can_cut(text, place)) --place;
    return can_cut(text, place) ? place : at;
}

}  // namespace

Snippet cut_snippet(std::string_view text, const std::vector<TextRange>& ranges) {
    if (text.size() <= kSnippetBytes) {
        return {.text = std::string{text}, .start = 0, .ranges = ranges};
    }
    const std::size_t first = ranges.empty() ? 0 : ranges.front().start;
    std::size_t start = cut_at(text, first > kBefore ? first - kBefore : 0);
    if (start > 0) {
        const std::size_t space = text.find(' ', start);
        if (space < std::min(first, start + kToSpace) && can_cut(text, space + 1)) start = space + 1;
    }
    std::size_t end = cut_at(text, start + kSnippetBytes);
    const std::size_t first_end = ranges.empty() ? 0 : first + ranges.front().length;
    if (end < text.size()) {
        const std::size_t space = text.rfind(' ', end);
        if (space != std::string_view::npos && space > end - kToSpace && space >= first_end) {
            end = space;
        }
    }
    Snippet cut{.text = std::string{text.substr(start, end - start)}, .start = start, .ranges = {}};
    for (const TextRange& range : ranges) {
        if (range.start >= end) break;
        const std::size_t range_end = std::min<std::size_t>(range.start + range.length, end);
        cut.ranges.push_back({static_cast<std::uint32_t>(range.start - start),
                              static_cast<std::uint32_t>(range_end - range.start)});
    }
    return cut;
}

}  // namespace nacre::vault
