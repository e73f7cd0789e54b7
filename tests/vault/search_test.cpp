#include "vault/search.h"

#include <catch2/generators/catch_generators.hpp>

#include "tests/support/matchers.h"
#include "tests/support/sample_text.h"
#include "tests/vault/store_fixture.h"
#include "vault/tokenizer.h"

namespace nacre::vault {
namespace {

using tests::FailsWith;
using tests::kNow;
using tests::uuid;

struct Fixture : tests::StoreFixture {
    Search search{database};

    void add(std::string_view body) { REQUIRE(messages.insert(incoming(body)).ok()); }
    bool finds(std::string_view query) {
        const auto page = search.find(query, std::nullopt, {});
        REQUIRE(page.ok());
        return !page->hits.empty();
    }
};

struct Case {
    std::string text;
    std::string query;
    bool found;
};

// Each case once through the index and once through messages not indexed yet.
TEST_CASE("search: finds parts of words, case and accents folded", "[vault][search]") {
    const Case c = GENERATE(values<Case>({
        {"See you at the station", "STATION", true},
        {"See you at the station", "tat", true},
        {"See you at the station", "station you", true},
        {"See you at the station", "t", true},
        {"See you at the station", "at", true},
        {"See you at the station", "at the", true},
        {"See you at the station", "theat", false},
        {"See you at the station", "statio n", true},
        {"See you at the station", "stations", false},
        {"See you at the station", "z", false},
        {"See you at the station", "qu", false},
        {"abcxdef", "abcdef", false},    // its terms are all there, the word is not
        {"abcd bcde", "abcde", false},
        {"Crème brûlée", "creme brulee", true},
        {"creme brulee", "CRÈME", true},
        {"cafe\u0301 noir", "café", true},
        {"café noir", "cafe\u0301", true},
        {"In der Straße", "strasse", true},
        {"In der STRASSE", "straße", true},
        {"In der Straße", "s", true},
        {"İstanbul'da", "istanbul", true},
        {"ISPARTA", "ısparta", true},
        {"ılık", "ILIK", true},
        {"今天晚上一起吃饭吧", "吃饭", true},
        {"今天晚上一起吃饭吧", "饭", true},
        {"今天晚上一起吃饭吧", "吧", true},
        {"今天晚上一起吃饭吧", "今", true},
        {"今天晚上一起吃饭吧", "晚上一起", true},
        {"今天晚上一起吃饭吧", "饭吃", false},
        {"今天晚上一起吃饭吧", "饭 今天", true},
        {"明日は東京に行きます", "京", true},
        {"明日は東京に行きます", "東京", true},
        {"明日は東京に行きます", "行き", true},
        {"コーヒーを飲む", "ヒー", true},
        {"ｺｰﾋｰを飲む", "コーヒー", true},
        {"がんばって", "か", false},
        {"が", "が", true},
        {"か\u3099", "が", true},
        {"안녕하세요", "녕", true},
        {"안녕하세요", "하세", true},
        {"\u1112\u1161\u11ab\u1100\u116e\u11a8", "한국", true},
        {"한국", "하", false},
        {"ㅋㅋㅋㅠㅠ", "ㅋㅋㅋ", true},
        {"שָׁלוֹם עולם", "שלום", true},
        {"مَرْحَبًا بكم", "مرحبا", true},
        {"किताब", "ताब", true},
        {"किताब", "कताब", false},
        {"party 🎉🎂 tonight", "🎂", true},
        {"party 🎉🎂 tonight", "🎉🎂", true},
        {"party 🎉🎂 tonight", "🎉🎉", false},
        {"👨\u200d👩\u200d👧", "👩", true},
        {"I ❤\ufe0f you", "❤", true},
        {"say \"hi\" AND (go)", "\"hi\"", true},
        {"say \"hi\" AND (go)", "\"", true},
        {"say \"hi\" AND (go)", "(go)", true},
        {"say hi", "say AND hi", false},  // AND is a word like any other
        {"say hi", "say OR hi", false},
        {"say hi", "NOT", false},
        {"say hi", "NEAR(say hi)", false},
        {"say hi", "body:say", false},
        {"say hi", "say*", false},
        {"say hi", "^say", false},
        {"say* ^hi a:b", "say* ^hi a:b", true},
        {"50% off_now", "% _", true},
        {"back\\slash 'quote' --", "\\s ' --", true},
        {"x", "x", true},
        {"", "x", false},
        {std::string{"one\0two", 7}, "two", true},
        {std::string{"one\0two", 7}, "onetwo", false},
        {std::string{"one\0two", 7}, std::string{"e\0t", 3}, true},  // two words: e, t
        {"bad \xff\xfe bytes", "bytes", true},
        {"bad \xc3 bytes", "bad bytes", true},
        {"https://example.org/path?q=1&r=ab", "example.org/path?q=1", true},
        {"mail me: a.b-c@d.example", "b-c@d", true},
        {"line one\nline two", "one line", true},
        {"line one\nline two", "one\nline", true},
        {"tab\tstop", "tabstop", false},
    }));
    Fixture f;
    f.add("something else entirely");
    f.add(c.text);
    INFO(c.text << " / " << c.query);
    CHECK(f.finds(c.query) == c.found);
    REQUIRE(f.search.index_new().ok());
    CHECK(f.finds(c.query) == c.found);
}

TEST_CASE("search: a very long word is found by any part", "[vault][search]") {
    Fixture f;
    std::string word;
    for (int i = 0; i < 8000; ++i) word += static_cast<char>('a' + i * i % 23);
    f.add(word + "needle" + word);
    REQUIRE(f.search.index_new().ok());
    CHECK(f.finds("needle"));
    CHECK(f.finds(word.substr(4000, 900)));
    const auto hit = f.search.find("needle", std::nullopt, {})->hits.at(0);
    CHECK(hit.snippet.substr(hit.ranges.at(0).start, hit.ranges[0].length) == "needle");
    CHECK(hit.snippet_start + hit.ranges[0].start == word.size());
}

TEST_CASE("search: refuses a query without words, or too long", "[vault][search]") {
    Fixture f;
    for (const std::string& query :
         {std::string{}, std::string{" \t\n"}, std::string{"\u200b\u0301"}, std::string(1025, 'a')}) {
        CHECK_THAT(f.search.find(query, std::nullopt, {}), FailsWith(ErrorCode::invalid_argument));
    }
    CHECK(f.search.find(std::string(1024, 'a'), std::nullopt, {}).ok());
}

TEST_CASE("search: pages go latest first, through index and unindexed ones alike",
          "[vault][search]") {
    Fixture f;
    const std::string word = GENERATE("needle", "n", "ne");
    for (int i = 0; i < 25; ++i) {
        f.add("needle " + std::to_string(i));
        f.add("hay");
        if (i == 14) REQUIRE(f.search.index_new().ok());
    }
    std::vector<std::int64_t> orders;
    std::string token;
    do {
        const auto page = *f.search.find(word, std::nullopt, {.limit = 10, .token = token});
        for (const auto& hit : page.hits) orders.push_back(hit.message.order);
        token = page.next_token;
        f.add("needle that came meanwhile");
    } while (!token.empty());
    CHECK(orders.size() == 25);
    CHECK(std::is_sorted(orders.rbegin(), orders.rend()));
    CHECK(std::adjacent_find(orders.begin(), orders.end()) == orders.end());
    const std::string first =
        f.search.find(word, std::nullopt, {.limit = 10, .token = ""})->next_token;
    CHECK_THAT(f.search.find("other", std::nullopt, {.limit = 10, .token = first}),
               FailsWith(ErrorCode::invalid_argument));
    CHECK_THAT(f.search.find(word, f.with_bob.id, {.limit = 10, .token = first}),
               FailsWith(ErrorCode::invalid_argument));
}

TEST_CASE("search: stays within one conversation when asked", "[vault][search]") {
    Fixture f;
    const auto other = *f.conversations.ensure_group(Bytes(32, 1));
    f.add("needle here");
    NewMessage elsewhere = f.incoming("needle there");
    elsewhere.conversation = other.row;
    REQUIRE(f.messages.insert(elsewhere).ok());
    if (GENERATE(true, false)) REQUIRE(f.search.index_new().ok());
    for (const char* query : {"needle", "n"}) {
        CHECK(f.search.find(query, std::nullopt, {})->hits.size() == 2);
        const auto hits = f.search.find(query, other.id, {})->hits;
        REQUIRE(hits.size() == 1);
        CHECK(hits[0].message.body == "needle there");
    }
    CHECK_THAT(f.search.find("needle", Id::random(), {}), FailsWith(ErrorCode::not_found));
}

TEST_CASE("search: ranges stand on the original text", "[vault][search]") {
    Fixture f;
    f.add("Große CAFE\u0301-Straße, 東京タワー 👍🏽");
    const auto words = [&](std::string_view query) {
        const auto hit = f.search.find(query, std::nullopt, {})->hits.at(0);
        std::vector<std::string> out;
        for (const TextRange& range : hit.ranges) {
            out.push_back(hit.snippet.substr(range.start, range.length));
        }
        return out;
    };
    CHECK(words("gross") == std::vector<std::string>{"Groß"});
    CHECK(words("cafe strasse") == std::vector<std::string>{"CAFE\u0301", "Straße"});
    CHECK(words("京タ") == std::vector<std::string>{"京タ"});
    CHECK(words("👍") == std::vector<std::string>{"👍"});
    CHECK(words("s") == std::vector<std::string>{"ß", "S", "ß"});
}

TEST_CASE("search: works on a reader beside the writer", "[vault][search]") {
    Fixture f;
    f.add("needle one");
    REQUIRE(f.search.index_new().ok());
    f.add("needle two");
    REQUIRE(f.transaction.commit().ok());
    Database reader = *Database::open(f.dir / "test.db", f.key, Database::Mode::read_only);
    Search reading{reader};
    MessageStore messages{reader};
    ConversationStore conversations{reader};
    RecipientStore recipients{reader};
    CHECK(reading.find("needle", std::nullopt, {})->hits.size() == 2);
    CHECK(reading.find("o", f.with_bob.id, {})->hits.size() == 2);
    CHECK(messages.list(f.with_bob.id, {})->messages.size() == 2);
    CHECK(conversations.list({})->conversations.size() == 1);
    CHECK(recipients.list("", {})->recipients.size() == 2);
    // What the writer adds is there for the next query, and gone again when removed.
    auto transaction = *Transaction::begin(f.database);
    f.add("needle three");
    REQUIRE(f.search.index_new().ok());
    CHECK(reading.find("needle", std::nullopt, {})->hits.size() == 2);
    REQUIRE(transaction.commit().ok());
    const auto hits = reading.find("needle", std::nullopt, {})->hits;
    REQUIRE(hits.size() == 3);
    auto removal = *Transaction::begin(f.database);
    REQUIRE(f.messages.remove(hits[0].message.id).ok());
    REQUIRE(removal.commit().ok());
    CHECK(reading.find("needle", std::nullopt, {})->hits.size() == 2);
}

TEST_CASE("search: index_new waits until there is enough", "[vault][search]") {
    Fixture f;
    f.add("one");
    REQUIRE(f.search.index_new(2).ok());
    CHECK(f.number("SELECT count(*) FROM counter WHERE key = 'search.indexed'") == 0);
    f.add("two");
    REQUIRE(f.search.index_new(2).ok());
    CHECK(f.number("SELECT value FROM counter WHERE key = 'search.indexed'") == 2);
    REQUIRE(f.search.index_new(2).ok());
    CHECK(f.finds("one"));
}

// Goal: whatever the text, a search through the index finds the same messages as reading them all.
TEST_CASE("search: the index loses nothing and invents nothing", "[vault][search]") {
    Fixture f;
    std::vector<std::string> texts;
    for (const auto language : tests::kLanguages) {
        tests::SampleText sample{language, 7};
        for (int i = 0; i < 60; ++i) texts.push_back(sample.message());
    }
    for (const std::string& text : texts) f.add(text);
    REQUIRE(f.search.index_new().ok());
    std::mt19937 random{1};
    for (int i = 0; i < 400; ++i) {
        const std::u32string folded = fold(texts[random() % texts.size()]).text;
        std::string query;
        const std::size_t start = random() % folded.size();
        for (std::size_t at = start; at < std::min(folded.size(), start + 1 + random() % 6); ++at) {
            append_utf8(folded[at], query);
        }
        const auto words = query_words(query);
        if (words.empty()) continue;
        std::size_t expected = 0;
        for (const std::string& text : texts) expected += contains_words(fold(text).text, words);
        INFO(query);
        // Through the index alone: the short way round for short words is not taken above.
        auto row = *f.database.prepare(
            "SELECT count(*) FROM message_index WHERE message_index MATCH ?1");
        row.bind(0, match_expression(words).text);
        REQUIRE(row.step().value());
        CHECK(row.integer(0) >= static_cast<std::int64_t>(expected));
        CHECK(f.search.find(query, std::nullopt, {.limit = 200, .token = ""})->hits.size() ==
              std::min<std::size_t>(expected, 200));
    }
}

}  // namespace
}  // namespace nacre::vault
