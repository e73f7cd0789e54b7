#include <catch2/catch_test_macros.hpp>
#include <clocale>
#include <string>

#include "clients/cli/json.h"
#include "clients/cli/message_lines.h"
#include "clients/cli/output.h"
#include "clients/cli/qr_code.h"
#include "clients/cli/records.h"
#include "clients/cli/terminal_text.h"
#include "tests/support/matchers.h"

using namespace nacre;
using namespace nacre::cli;
using nacre::tests::FailsWith;

namespace {

const bool g_locale = std::setlocale(LC_CTYPE, "C.UTF-8") != nullptr;

}  // namespace

TEST_CASE("terminal text: what could steer a terminal is written out", "[cli][terminal_text]") {
    CHECK(safe_line("a\x1b[2Jb") == "a\\u{1b}[2Jb");
    CHECK(safe_line("bell\x07 del\x7f") == "bell\\u{7} del\\u{7f}");
    CHECK(safe_line("c1 \xc2\x9b" "31m") == "c1 \\u{9b}31m");
    CHECK(safe_line("\xe2\x80\xae" "evil") == "\\u{202e}evil");  // right-to-left override
    CHECK(safe_line("\xe2\x81\xa6" "isolate") == "\\u{2066}isolate");
    CHECK(safe_line("two\nlines\tand\r") == "two lines and\\u{d}");
    CHECK(safe_line("\xe2\x80\xa8") == "\\u{2028}");
}

TEST_CASE("terminal text: ordinary text of any script stays", "[cli][terminal_text]") {
    for (const std::string text : {"Grüße", "日本語", "שלום", "👩‍👩‍👧", "a\\b"}) {
        CHECK(safe_line(text) == text);
        CHECK(is_utf8(text));
    }
}

TEST_CASE("terminal text: invalid UTF-8 becomes replacement characters", "[cli][terminal_text]") {
    CHECK(safe_line("a\xff" "b") == "a\xef\xbf\xbd" "b");
    CHECK_FALSE(is_utf8("\xc0\xaf"));          // overlong
    CHECK_FALSE(is_utf8("\xed\xa0\x80"));      // surrogate
    CHECK_FALSE(is_utf8("\xf4\x90\x80\x80"));  // beyond Unicode
    CHECK_FALSE(is_utf8("\xe2\x82"));          // cut off
}

TEST_CASE("terminal text: blocks keep their lines, indented", "[cli][terminal_text]") {
    CHECK(safe_block("one\ntwo\x1b", 2) == "one\n  two\\u{1b}");
}

TEST_CASE("terminal text: columns count characters as wide as they are", "[cli][terminal_text]") {
    REQUIRE(g_locale);
    CHECK(width("abc") == 3);
    CHECK(width("日本") == 4);
    CHECK(width("é") == 1);
    CHECK(fit("ab", 4) == "ab  ");
    CHECK(shorten("abcdef", 4) == "abc…");
    CHECK(width(fit("日本語です", 6)) == 6);
}

TEST_CASE("output: columns are aligned, the last one is left as it is", "[cli][output]") {
    REQUIRE(g_locale);
    const auto lines = align({{"a", "日本", "x"}, {"bbb", "c", "y"}});
    REQUIRE(lines.size() == 2);
    CHECK(lines[0] == "a    日本  x");
    CHECK(lines[1] == "bbb  c     y");
}

TEST_CASE("json: strings are quoted and repaired", "[cli][json]") {
    CHECK(json_quote("a\"b\\c\nd") == R"("a\"b\\c\nd")");
    CHECK(json_quote(std::string{"nul\0", 4}) == "\"nul\\u0000\"");
    CHECK(json_quote("\x1b\x7f") == R"("\u001b\u007f")");
    CHECK(json_quote("é\xff") == "\"é\xef\xbf\xbd\"");
    CHECK(json_quote("日本") == "\"日本\"");
}

TEST_CASE("json: an object stands on one line", "[cli][json]") {
    JsonObject inner;
    inner.add("yes", true);
    JsonObject object;
    object.add("number", -5).add("big", std::uint64_t{18446744073709551615U});
    object.add("inner", inner).add("list", std::vector<std::string>{"a", "b"});
    CHECK(object.text() ==
          R"({"number":-5,"big":18446744073709551615,"inner":{"yes":true},"list":["a","b"]})");
}

TEST_CASE("records: enumerators become camelCase words", "[cli][records]") {
    CHECK(word("STATE_BLOCKED_IDENTITY", "STATE_") == "blockedIdentity");
    CHECK(word("VAULT_STATE_NONE", "VAULT_STATE_") == "none");
    CHECK(word("KIND_CLOCK_WENT_BACK", "KIND_") == "clockWentBack");
}

TEST_CASE("records: a message has the fields that scripts rely on", "[cli][records]") {
    v1::Message message;
    message.set_id("m");
    message.set_conversation_id("c");
    message.mutable_author()->set_name("Alice");
    message.set_direction(v1::Message::DIRECTION_INCOMING);
    message.set_state(v1::Message::STATE_RECEIVED);
    message.set_kind(v1::Message::KIND_TEXT);
    message.set_text("hi\n");
    message.set_sent_at(5);
    CHECK(to_json(message).text() ==
          R"({"id":"m","conversationId":"c","author":{"id":"","name":"Alice","number":"","aci":"",)"
          R"("blocked":false,"self":false,"identityChanged":false},"direction":"incoming",)"
          R"("state":"received","kind":"text","text":"hi\n","sentAt":5,"serverAt":0,)"
          R"("receivedAt":0,"order":0,"read":false,"failure":""})");
}

TEST_CASE("records: a failed message says what to do", "[cli][records]") {
    v1::Message message;
    message.set_state(v1::Message::STATE_FAILED);
    message.set_failure("UNREGISTERED");
    CHECK(state_text(message).find("no Signal account") != std::string::npos);
    message.set_failure("NEW_IN_2030");
    CHECK(state_text(message) == "not sent");
}

TEST_CASE("message lines: a snippet's ranges that do not fit are ignored", "[cli][message_lines]") {
    v1::SearchHit hit;
    hit.set_snippet("one two");
    v1::SearchRange& beyond = *hit.add_ranges();
    beyond.set_start(4);
    beyond.set_length(4000000000U);
    const Output output{false};
    CHECK(snippet_line(hit, output) == "one two");
}

TEST_CASE("qr code: the drawing has a quiet zone and half as many lines as modules", "[cli][qr]") {
    const auto modules = encode_qr("sgnl://linkdevice?uuid=x&pub_key=y");
    REQUIRE(modules.ok());
    const std::size_t size = modules->size();
    CHECK(size >= 21);
    for (const bool colours : {false, true}) {
        const auto lines = draw_qr(*modules, colours);
        CHECK(lines.size() == (size + 8 + 1) / 2);
        const std::string plain = colours ? lines[0].substr(9, lines[0].size() - 13) : lines[0];
        CHECK(width(plain) == size + 8);
        CHECK(plain.find(colours ? "█" : " ") == std::string::npos);  // all light
    }
    // The finder pattern's corner: dark, and light beside the pattern.
    CHECK((*modules)[0][0]);
    CHECK_FALSE((*modules)[0][7]);
}

TEST_CASE("qr code: what is too long is refused", "[cli][qr]") {
    CHECK_THAT(encode_qr(std::string(5000, 'x')), FailsWith(ErrorCode::invalid_argument));
}
