#include "clients/cli/completion.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>

using namespace nacre::cli;

namespace {

// Two conversations and a slot; remembers which daemon was meant.
struct Daemon {
    std::vector<Candidate> operator()(const std::string& what,
                                      const nacre::client::PlaceOptions& places) {
        asked = what;
        instance = places.instance + (places.system ? " of the machine" : "");
        if (what == "SLOT") return {{"3", "at work"}};
        return {{"Ada Lovelace", "+16505550100"}, {"Bob", ""}};
    }
    std::string asked;
    std::string instance;
};

std::vector<std::string> words_for(const std::vector<std::string>& typed, Daemon& daemon) {
    const Completion found = complete(describe(), typed, std::ref(daemon));
    std::vector<std::string> words;
    for (const Candidate& candidate : found.candidates) words.push_back(candidate.word);
    return words;
}

std::vector<std::string> words_for(const std::vector<std::string>& typed) {
    Daemon daemon;
    return words_for(typed, daemon);
}

bool has(const std::vector<std::string>& words, const char* word) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace

TEST_CASE("completion: commands, and their actions", "[cli][completion]") {
    CHECK(words_for({"conv"}) == std::vector<std::string>{"conversations"});
    CHECK(has(words_for({""}), "status"));
    CHECK(has(words_for({}), "status"));
    CHECK_FALSE(has(words_for({""}), "Bob"));
    CHECK(words_for({"slot", "re"}) == std::vector<std::string>{"remove"});
    CHECK(words_for({"status", ""}).empty());
    CHECK(words_for({"nonsense", ""}).empty() == false);  // a place, not a command: still at the top
}

TEST_CASE("completion: a command's options, and those of all", "[cli][completion]") {
    const auto words = words_for({"messages", "--"});
    CHECK(has(words, "--limit"));
    CHECK(has(words, "--json"));
    CHECK_FALSE(has(words, "--rekey"));
    CHECK(has(words_for({"slot", "add", "--"}), "--duress"));
    CHECK(words_for({"messages", "--", "--l"}).empty());
}

TEST_CASE("completion: conversations where they are meant", "[cli][completion]") {
    CHECK(words_for({"messages", "A"}) == std::vector<std::string>{"Ada Lovelace"});
    CHECK(words_for({"send", ""}) == std::vector<std::string>{"Ada Lovelace", "Bob"});
    CHECK(words_for({"send", "Bob", ""}).empty());
    CHECK(words_for({"search", "seven", "--in", "B"}) == std::vector<std::string>{"Bob"});
    CHECK(words_for({"search", "--in", "Bob", ""}).empty());
    CHECK(words_for({"slot", "remove", ""}) == std::vector<std::string>{"3"});
}

TEST_CASE("completion: asks the daemon that is named", "[cli][completion]") {
    Daemon daemon;
    (void)words_for({"--instance", "work", "messages", ""}, daemon);
    CHECK(daemon.instance == "work");
    (void)words_for({"messages", "--instance=home", "--system", ""}, daemon);
    CHECK(daemon.instance == "home of the machine");
    // bash splits at "=".
    (void)words_for({"--instance", "=", "work", "read", ""}, daemon);
    CHECK(daemon.instance == "work");
}

TEST_CASE("completion: files are the shell's", "[cli][completion]") {
    CHECK(complete(describe(), {"--socket", ""}, Daemon{}).text() == ":files\n");
    CHECK(complete(describe(), {"slot", "add", "--key-file", "a"}, Daemon{}).files);
}

TEST_CASE("completion: a name that is no line is left out", "[cli][completion]") {
    const Completion found{{{"a\nb", ""}, {"a\tb", ""}, {"c", "d"}}, false};
    CHECK(found.text() == "c\td\n");
}
