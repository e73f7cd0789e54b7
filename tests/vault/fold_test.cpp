#include "vault/fold.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "vault/snippet.h"
#include "vault/tokenizer.h"

namespace nacre::vault {
namespace {

struct Case {
    std::string text;
    std::string folded;
};

TEST_CASE("fold: what people take for the same folds to the same", "[vault][fold]") {
    const Case c = GENERATE(values<Case>({
        {"Hello", "hello"},
        {"CAFÉ", "cafe"},
        {"cafe\u0301", "cafe"},
        {"Straße", "strasse"},
        {"STRASSE", "strasse"},
        {"GROẞ", "gross"},
        {"ÄÖÜ äöü", "aou aou"},
        {"İstanbul ISPARTA ırmak", "istanbul isparta irmak"},
        {"Łódź Ørsted Đorđe æon œuvre", "lodz orsted dorde aeon oeuvre"},
        {"ΣΊΣΥΦΟΣ ς", "σισυφοσ σ"},
        {"Ёлка Й", "елка и"},
        {"ｆｕｌｌ　ｗｉｄｔｈ", "full width"},
        {"ﬁne №5 x²", "fine no5 x2"},
        {"한국어", "한국어"},
        {"\u1112\u1161\u11ab", "한"},  // conjoining jamo
        {"ㅋㅋㅠ", "ㅋㅋㅠ"},
        {"ガギ", "ガギ"},
        {"\u30ab\u3099", "ガ"},  // カ and the voicing mark
        {"ｶﾞｯﾊﾟ", "ガッパ"},
        {"は\u309a", "ぱ"},
        {"漢字", "漢字"},
        {"שָׁלוֹם", "שלום"},
        {"مَرْحَبًا مـرحبا", "مرحبا مرحبا"},
        {"किताब", "किताब"},  // vowel signs are letters
        {"ที่นี่", "ที่นี่"},
        {"❤\ufe0f 👨\u200d👩\u200d👧", "❤ 👨👩👧"},
        {"soft\u00adhyphen zero\u200bwidth", "softhyphen zerowidth"},
        {"a\tb\nc\u00a0d\u3000e", "a b c d e"},
        {std::string{"a\0b", 3}, "a b"},
        {"\xff\xc3(", "\ufffd\ufffd("},
        {"\xed\xa0\x80", "\ufffd\ufffd\ufffd"},  // a surrogate
        {"", ""},
    }));
    CHECK(fold_text(c.text) == c.folded);
    CHECK(fold_text(c.folded) == c.folded);
}

TEST_CASE("fold: knows which bytes each character came from", "[vault][fold]") {
    const std::string text = "e\u0301ß한";  // 3 + 2 + 3 bytes
    const FoldedText folded = fold(text);
    CHECK(folded.text == U"ess한");
    CHECK(folded.origin == std::vector<TextRange>{{0, 3}, {3, 2}, {3, 2}, {5, 3}});
    CHECK(fold("\u1112\u1161\u11ab").origin == std::vector<TextRange>{{0, 9}});
    CHECK(fold("\u0301a").origin == std::vector<TextRange>{{2, 1}});
}

TEST_CASE("fold: a query falls into its words, each once", "[vault][fold]") {
    CHECK(query_words("  Über\tuber  x ") == std::vector<std::u32string>{U"uber", U"x"});
    CHECK(query_words(" \n ").empty());
    CHECK(query_words("").empty());
}

TEST_CASE("fold: ranges join where words touch or overlap", "[vault][fold]") {
    const auto ranges = [](std::string_view text, std::string_view query) {
        return word_ranges(fold(text), query_words(query));
    };
    CHECK(ranges("Straße", "ss") == std::vector<TextRange>{{4, 2}});
    CHECK(ranges("aaa", "aa") == std::vector<TextRange>{{0, 3}});
    CHECK(ranges("abc abc", "bc ab") == std::vector<TextRange>{{0, 3}, {4, 3}});
    CHECK(ranges("xÉy", "e") == std::vector<TextRange>{{1, 2}});
    CHECK(ranges("abc", "d").empty());
}

TEST_CASE("tokenizer: expressions quote everything and cover every word", "[vault][tokenizer]") {
    const auto text = [](std::string_view query) {
        return match_expression(query_words(query)).text;
    };
    CHECK(text("wednesday") == R"("wed" AND "nes" AND "day")");
    CHECK(text("hello") == R"("hel" AND "llo")");
    CHECK(text("ab") == R"("ab"*)");
    CHECK(text("日本語") == R"("日本" AND "本語")");
    CHECK(text("日") == R"("日"*)");
    CHECK(text("日ab") == R"("日a" AND "ab"*)");
    CHECK(text("a\"b OR") == R"("a""b" AND "or"*)");
    CHECK(match_expression(query_words("ab")).prefix);
    CHECK_FALSE(match_expression(query_words("abc")).prefix);
    CHECK(text("").empty());
    CHECK(text(std::string(1000, 'x')).size() < 500);
}

TEST_CASE("snippet: a short text stays whole", "[vault][snippet]") {
    const auto cut = cut_snippet("short", {{1, 2}});
    CHECK(cut.text == "short");
    CHECK(cut.start == 0);
    CHECK(cut.ranges == std::vector<TextRange>{{1, 2}});
}

TEST_CASE("snippet: shows the first hit and cuts between words", "[vault][snippet]") {
    std::string text;
    for (int i = 0; i < 100; ++i) text += "word" + std::to_string(i) + " ";
    const auto at = static_cast<std::uint32_t>(text.find("word50"));
    const auto late = static_cast<std::uint32_t>(text.find("word99"));
    const auto cut = cut_snippet(text, {{at, 6}, {late, 6}});
    CHECK(cut.text == text.substr(cut.start, cut.text.size()));
    CHECK(cut.text.size() <= kSnippetBytes);
    CHECK(cut.text.size() > kSnippetBytes / 2);
    CHECK(cut.text.starts_with("word"));
    CHECK_FALSE(cut.text.ends_with(" "));
    REQUIRE(cut.ranges.size() == 1);
    CHECK(cut.text.substr(cut.ranges[0].start, cut.ranges[0].length) == "word50");
}

TEST_CASE("snippet: never cuts within a character", "[vault][snippet]") {
    const std::string unit = GENERATE("日", "e\u0301", "👨\u200d👩\u200d👧", "🇩🇪", "ä");
    std::string text;
    for (int i = 0; i < 300; ++i) text += unit;
    const auto cut = cut_snippet(text, {{static_cast<std::uint32_t>(150 * unit.size()),
                                         static_cast<std::uint32_t>(unit.size())}});
    CHECK(cut.start % unit.size() == 0);
    CHECK(cut.text.size() % unit.size() == 0);
    REQUIRE(cut.ranges.size() == 1);
    CHECK(cut.text.substr(cut.ranges[0].start, cut.ranges[0].length) == unit);
}

TEST_CASE("snippet: a hit longer than it is cut short", "[vault][snippet]") {
    const std::string text(1000, 'x');
    const auto cut = cut_snippet(text, {{0, 1000}});
    CHECK(cut.text.size() == kSnippetBytes);
    CHECK(cut.ranges == std::vector<TextRange>{{0, kSnippetBytes}});
}

TEST_CASE("snippet: an endless character does not hide the hit", "[vault][snippet]") {
    std::string text = "a";
    for (int i = 0; i < 500; ++i) text += "\u0301";
    const auto start = static_cast<std::uint32_t>(text.size());
    text += "b";
    for (int i = 0; i < 500; ++i) text += "\u0301";
    const auto cut = cut_snippet(text, {{start, 1001}});
    CHECK(cut.start <= start);
    REQUIRE(cut.ranges.size() == 1);
    CHECK(cut.text.size() >= kSnippetBytes - 4);
    CHECK(cut.text.at(cut.ranges[0].start) == 'b');
}

}  // namespace
}  // namespace nacre::vault
