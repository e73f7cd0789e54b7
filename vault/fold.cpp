#include "vault/fold.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <utility>

namespace nacre::vault {
namespace {

constexpr char32_t kReplacement = 0xfffd;

constexpr bool within(char32_t c, char32_t first, char32_t last) { return c >= first && c <= last; }

// Accents and vowel points, which people leave out. Not the signs without which a word of an
// Indic script, Thai or Japanese is another word.
bool is_accent(char32_t c) {
    return within(c, 0x0300, 0x036f) || within(c, 0x0483, 0x0489) || within(c, 0x0591, 0x05bd) ||
           c == 0x05bf || within(c, 0x05c1, 0x05c2) || within(c, 0x05c4, 0x05c5) || c == 0x05c7 ||
           within(c, 0x0610, 0x061a) || c == 0x0640 || within(c, 0x064b, 0x065f) || c == 0x0670 ||
           within(c, 0x06d6, 0x06dc) || within(c, 0x06df, 0x06e4) || within(c, 0x06e7, 0x06e8) ||
           within(c, 0x06ea, 0x06ed) || c == 0x0711 || within(c, 0x0730, 0x074a) ||
           within(c, 0x1ab0, 0x1aff) || within(c, 0x1dc0, 0x1dff) || within(c, 0x20d0, 0x20ff) ||
           within(c, 0xfe20, 0xfe2f) || within(c, 0xfe00, 0xfe0f);
}

// Letters with a stroke or of two letters, which Unicode does not decompose. Lower case, as case
// is folded before.
std::u32string_view plain_letters(char32_t c) {
    switch (c) {
        case 0x00e6: return U"ae";
        case 0x00f8: return U"o";
        case 0x0111: return U"d";
        case 0x0127: return U"h";
        case 0x0131: return U"i";  // Turkish dotless i
        case 0x0142: return U"l";
        case 0x0153: return U"oe";
        case 0x0167: return U"t";
        default: return {};
    }
}

// Taken as they stand: decomposing Hangul or kana would make half a character match.
bool is_atomic(char32_t c) {
    return within(c, 0x3041, 0x3096) || within(c, 0x309b, 0x30ff) || within(c, 0x3130, 0x318f) ||
           within(c, 0x3400, 0x9fff) || within(c, 0xac00, 0xd7a3) || within(c, 0x1f000, 0x323af);
}

// か and the voicing mark are が; 0 when the two do not compose.
char32_t compose_kana(char32_t base, char32_t mark) {
    constexpr std::u32string_view kVoiced =
        U"かきくけこさしすせそたちつてとはひふへほカキクケコサシスセソタチツテトハヒフヘホ";
    if (mark == 0x3099) {
        if (kVoiced.find(base) != std::u32string_view::npos) return base + 1;
        if (base == 0x3046) return 0x3094;
        if (base == 0x30a6) return 0x30f4;
        if (base >= 0x30ef && base <= 0x30f2) return base + 8;  // ワ ヰ ヱ ヲ
        if (base == 0x309d || base == 0x30fd) return base + 1;  // iteration marks
    }
    constexpr std::u32string_view kHalfVoiced = U"はひふへほハヒフヘホ";
    if (mark == 0x309a && kHalfVoiced.find(base) != std::u32string_view::npos) return base + 2;
    return 0;
}

char32_t compose_hangul(char32_t before, char32_t c) {
    if (within(before, 0x1100, 0x1112) && within(c, 0x1161, 0x1175)) {
        return 0xac00 + ((before - 0x1100) * 21 + (c - 0x1161)) * 28;
    }
    if (within(before, 0xac00, 0xd7a3) && (before - 0xac00) % 28 == 0 && within(c, 0x11a8, 0x11c2)) {
        return before + (c - 0x11a7);
    }
    return 0;
}

// 0: `c` stands for itself behind `before`.
char32_t compose(char32_t before, char32_t c) {
    if (within(c, 0x1161, 0x11c2)) return compose_hangul(before, c);
    if (c == 0x3099 || c == 0x309a) return compose_kana(before, c);
    return 0;
}

bool is_space(char32_t c) {
    if (c < 0x80) return c <= 0x20 || c == 0x7f;
    const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(c));
    return category == UTF8PROC_CATEGORY_ZS || category == UTF8PROC_CATEGORY_ZL ||
           category == UTF8PROC_CATEGORY_ZP || category == UTF8PROC_CATEGORY_CC;
}

class Folder {
public:
    Folder(std::u32string& text, std::vector<TextRange>* origin) : text_{text}, origin_{origin} {}

    void run(std::string_view bytes) {
        text_.clear();
        text_.reserve(bytes.size());
        if (origin_ != nullptr) {
            origin_->clear();
            origin_->reserve(bytes.size());
        }
        for (std::size_t at = 0; at < bytes.size();) at += take(bytes, at);
    }

private:
    // Folds the character at `at`; returns its length in bytes.
    std::size_t take(std::string_view bytes, std::size_t at) {
        const auto first = static_cast<unsigned char>(bytes[at]);
        start_ = static_cast<std::uint32_t>(at);
        length_ = 1;
        if (first < 0x80) {
            const bool upper = first >= 'A' && first <= 'Z';
            push(is_space(first) ? U' ' : static_cast<char32_t>(first + (upper ? 0x20 : 0)));
            return 1;
        }
        utf8proc_int32_t character = 0;
        const auto used =
            utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(bytes.data()) + at,
                             static_cast<utf8proc_ssize_t>(bytes.size() - at),
                             &character);
        if (used <= 0) {
            push(kReplacement);
            return 1;
        }
        length_ = static_cast<std::uint32_t>(used);
        decompose(static_cast<char32_t>(character));
        return length_;
    }

    void decompose(char32_t c) {
        if (is_atomic(c)) return push(c);
        std::array<utf8proc_int32_t, 32> parts;  // the longest decomposition has 18
        int boundary = UTF8PROC_BOUNDCLASS_START;
        const auto options = static_cast<utf8proc_option_t>(UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT |
                                                            UTF8PROC_CASEFOLD | UTF8PROC_IGNORE);
        const auto count = utf8proc_decompose_char(static_cast<utf8proc_int32_t>(c),
                                                   parts.data(),
                                                   parts.size(),
                                                   options,
                                                   &boundary);
        if (count < 0 || static_cast<std::size_t>(count) > parts.size()) return push(c);
        if (count == 0) return extend();
        for (utf8proc_ssize_t i = 0; i < count; ++i) part(static_cast<char32_t>(parts[i]));
    }

    void part(char32_t c) {
        if (is_accent(c)) return extend();
        if (is_space(c)) return push(U' ');
        const auto letters = plain_letters(c);
        if (letters.empty()) return push(c);
        for (const char32_t letter : letters) push(letter);
    }

    void push(char32_t c) {
        if (c >= 0x1161 && !text_.empty()) {
            if (const char32_t composed = compose(text_.back(), c); composed != 0) {
                text_.back() = composed;
                return extend();
            }
        }
        text_.push_back(c);
        if (origin_ != nullptr) origin_->push_back({start_, length_});
    }

    // What is left out belongs to the character before it, so that a hit shows it whole.
    void extend() {
        if (origin_ == nullptr || origin_->empty()) return;
        TextRange& last = origin_->back();
        last.length = start_ + length_ - last.start;
    }

    std::u32string& text_;
    std::vector<TextRange>* origin_;
    std::uint32_t start_ = 0;
    std::uint32_t length_ = 0;
};

}  // namespace

FoldedText fold(std::string_view text) {
    FoldedText folded;
    Folder{folded.text, &folded.origin}.run(text);
    return folded;
}

void fold(std::string_view text, std::u32string& out) { Folder{out, nullptr}.run(text); }

std::string fold_text(std::string_view text) {
    std::u32string folded;
    fold(text, folded);
    std::string out;
    out.reserve(text.size());
    for (const char32_t c : folded) append_utf8(c, out);
    return out;
}

void append_utf8(char32_t character, std::string& out) {
    std::array<utf8proc_uint8_t, 4> bytes;
    const auto length =
        utf8proc_encode_char(static_cast<utf8proc_int32_t>(character), bytes.data());
    out.append(reinterpret_cast<const char*>(bytes.data()), static_cast<std::size_t>(length));
}

std::vector<std::u32string> query_words(std::string_view query) {
    std::u32string folded;
    fold(query, folded);
    std::vector<std::u32string> words;
    for (std::size_t at = 0; at < folded.size();) {
        const std::size_t end = std::min(folded.find(U' ', at), folded.size());
        std::u32string word = folded.substr(at, end - at);
        if (!word.empty() && std::find(words.begin(), words.end(), word) == words.end()) {
            words.push_back(std::move(word));
        }
        at = end + 1;
    }
    return words;
}

bool contains_words(std::u32string_view folded, const std::vector<std::u32string>& words) {
    return std::all_of(words.begin(), words.end(), [&](const std::u32string& word) {
        return folded.find(word) != std::u32string_view::npos;
    });
}

std::vector<TextRange> word_ranges(const FoldedText& text,
                                   const std::vector<std::u32string>& words) {
    std::vector<TextRange> found;
    for (const std::u32string& word : words) {
        if (word.empty()) continue;
        for (std::size_t at = text.text.find(word); at != std::u32string::npos;
             at = text.text.find(word, at + 1)) {
            const TextRange& first = text.origin[at];
            const TextRange& last = text.origin[at + word.size() - 1];
            found.push_back({first.start, last.start + last.length - first.start});
        }
    }
    std::sort(found.begin(), found.end(), [](const TextRange& a, const TextRange& b) {
        return a.start < b.start;
    });
    std::vector<TextRange> joined;
    for (const TextRange& range : found) {
        if (joined.empty() || range.start > joined.back().start + joined.back().length) {
            joined.push_back(range);
            continue;
        }
        TextRange& last = joined.back();
        last.length = std::max(last.start + last.length, range.start + range.length) - last.start;
    }
    return joined;
}

}  // namespace nacre::vault
