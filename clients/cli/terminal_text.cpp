#include "clients/cli/terminal_text.h"

#include <wchar.h>

#include <cstdint>
#include <cstdio>

namespace nacre::cli {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";
constexpr std::string_view kEllipsis = "\xe2\x80\xa6";

struct Character {
    char32_t code = 0;
    std::size_t length = 1;  // in bytes
    bool valid = false;
};

// The first character of a text that is not empty; shortest forms only, no surrogates.
Character decode(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
    const std::uint8_t first = byte(0);
    if (first < 0x80) return {first, 1, true};
    std::size_t length = 0;
    char32_t code = 0;
    char32_t least = 0;
    if (first >= 0xc2 && first < 0xe0) {
        length = 2, code = first & 0x1fU, least = 0x80;
    } else if (first >= 0xe0 && first < 0xf0) {
        length = 3, code = first & 0x0fU, least = 0x800;
    } else if (first >= 0xf0 && first < 0xf5) {
        length = 4, code = first & 0x07U, least = 0x10000;
    } else {
        return {};
    }
    if (text.size() < length) return {};
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xc0U) != 0x80) return {};
        code = (code << 6U) | (byte(i) & 0x3fU);
    }
    if (code < least || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return {};
    return {code, length, true};
}

bool is_control(char32_t code) {
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x2028 || code == 0x2029;
}

// Embeddings, overrides, isolates, and deprecated formatting: they reach beyond their own text.
bool is_reordering(char32_t code) {
    return (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x206f) ||
           (code >= 0xfff9 && code <= 0xfffb);
}

void append_escape(std::string& out, char32_t code) {
    char escape[16];
    std::snprintf(escape, sizeof escape, "\\u{%x}", static_cast<unsigned>(code));
    out += escape;
}

// `line_break` replaces each line feed.
std::string safe(std::string_view text, std::string_view line_break) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const Character next = decode(text);
        if (!next.valid) {
            out += kReplacement;
        } else if (next.code == '\n') {
            out += line_break;
        } else if (next.code == '\t') {
            out += ' ';
        } else if (is_control(next.code) || is_reordering(next.code)) {
            append_escape(out, next.code);
        } else {
            out += text.substr(0, next.length);
        }
        text.remove_prefix(next.length);
    }
    return out;
}

std::size_t width_of(const Character& character) {
    const int columns = wcwidth(static_cast<wchar_t>(character.code));
    return columns < 0 ? 1 : static_cast<std::size_t>(columns);
}

}  // namespace

bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        const Character next = decode(text);
        if (!next.valid) return false;
        text.remove_prefix(next.length);
    }
    return true;
}

std::string safe_line(std::string_view text) { return safe(text, " "); }

std::string safe_block(std::string_view text, std::size_t indent) {
    std::string line_break = "\n";
    line_break.append(indent, ' ');
    return safe(text, line_break);
}

std::size_t width(std::string_view text) {
    std::size_t columns = 0;
    while (!text.empty()) {
        const Character next = decode(text);
        columns += width_of(next);
        text.remove_prefix(next.length);
    }
    return columns;
}

std::string shorten(std::string_view text, std::size_t columns) {
    if (width(text) <= columns) return std::string{text};
    std::string out;
    std::size_t taken = 0;
    while (!text.empty()) {
        const Character next = decode(text);
        const std::size_t more = width_of(next);
        if (taken + more + 1 > columns) break;
        out += text.substr(0, next.length);
        taken += more;
        text.remove_prefix(next.length);
    }
    out += kEllipsis;
    return out;
}

std::string fit(std::string_view text, std::size_t columns) {
    std::string out = shorten(text, columns);
    const std::size_t taken = width(out);
    if (taken < columns) out.append(columns - taken, ' ');
    return out;
}

}  // namespace nacre::cli
