#include "vault/snippet.h"

#include <utf8proc.h>

#include <algorithm>
#include <iterator>

namespace nacre::vault {
namespace {

constexpr std::size_t kBefore = 60;   // bytes shown before the first range
constexpr std::size_t kToSpace = 24;  // how far a cut moves to stand between words

// Where text may be cut: offsets between characters as people see them, ascending, the first 0,
// none behind `until`. Walks from the beginning, as a flag's two halves can only be told so.
std::vector<std::size_t> find_cuts(std::string_view text, std::size_t until) {
    std::vector<std::size_t> cuts{0};
    const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
    utf8proc_int32_t left = -1;
    utf8proc_int32_t state = 0;
    for (std::size_t at = 0; at < std::min(until, text.size());) {
        utf8proc_int32_t right = -1;
        const auto used =
            utf8proc_iterate(bytes + at, static_cast<utf8proc_ssize_t>(text.size() - at), &right);
        const bool whole = left >= 0 && used > 0;
        if (!whole) state = 0;
        // Invalid UTF-8 may be cut anywhere.
        if (at > 0 && (!whole || utf8proc_grapheme_break_stateful(left, right, &state))) {
            cuts.push_back(at);
        }
        left = used > 0 ? right : -1;
        at += used > 0 ? static_cast<std::size_t>(used) : 1;
    }
    if (until >= text.size()) cuts.push_back(text.size());
    return cuts;
}

// The last cut at or before `at`.
std::size_t cut_at(const std::vector<std::size_t>& cuts, std::size_t at) {
    return *std::prev(std::upper_bound(cuts.begin(), cuts.end(), at));
}

// The same between code points, where no cut is near.
std::size_t whole_characters(std::string_view text, std::size_t at) {
    if (at >= text.size()) return text.size();
    while ((static_cast<unsigned char>(text[at]) & 0xc0) == 0x80 && at > 1) --at;
    return at;
}

bool is_cut(const std::vector<std::size_t>& cuts, std::size_t at) {
    return std::binary_search(cuts.begin(), cuts.end(), at);
}

}  // namespace

Snippet cut_snippet(std::string_view text, const std::vector<TextRange>& ranges) {
    if (text.size() <= kSnippetBytes) {
        return {.text = std::string{text}, .start = 0, .ranges = ranges};
    }
    const std::size_t first = ranges.empty() ? 0 : ranges.front().start;
    const auto cuts = find_cuts(text, first + kSnippetBytes + 1);
    std::size_t start = cut_at(cuts, first > kBefore ? first - kBefore : 0);
    if (first - start > 2 * kBefore) start = first;  // in the middle of one endless character
    if (start > 0) {
        const std::size_t space = text.find(' ', start);
        if (space < std::min(first, start + kToSpace) && is_cut(cuts, space + 1)) start = space + 1;
    }
    std::size_t end = cut_at(cuts, start + kSnippetBytes);
    if (end <= first) end = whole_characters(text, start + kSnippetBytes);
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
