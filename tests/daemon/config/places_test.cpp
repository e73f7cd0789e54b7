#include "daemon/config/places.h"

#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <string>
#include <vector>

using namespace nacre::config;

namespace {

// HOME=/h and nothing else of XDG, unless a test says more.
struct Variables {
    Variables() {
        for (const char* name : {"XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR"})
            unsetenv(name);
        setenv("HOME", "/h", 1);
    }
};

std::variant<Places, Refused> run(Program program, std::vector<std::string> words) {
    words.insert(words.begin(), "program");
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    return places_from(program, static_cast<int>(argv.size()), argv.data());
}

Places places(Program program, const std::vector<std::string>& words) {
    auto made = run(program, words);
    if (const auto* refused = std::get_if<Refused>(&made)) FAIL(refused->text);
    return std::get<Places>(made);
}

Refused refused(Program program, const std::vector<std::string>& words) {
    return std::get<Refused>(run(program, words));
}

}  // namespace

TEST_CASE("places: the XDG folders, below the instance", "[config][places]") {
    const Variables variables;
    setenv("XDG_CONFIG_HOME", "/c", 1);
    setenv("XDG_STATE_HOME", "/s", 1);
    setenv("XDG_RUNTIME_DIR", "/r", 1);
    const Places nacred = places(Program::nacred, {"--instance", "work"});
    CHECK(nacred.config == "/c/nacre/work.toml");
    CHECK(nacred.state == "/s/nacre/work");
    CHECK(nacred.runtime == "/r/nacre/work");
    CHECK(nacred.bin.empty());
    CHECK(places(Program::vaultd, {}).state == "/s/nacre/default/vault");
    CHECK(places(Program::courier, {}).state == "/s/nacre/default/courier");
    CHECK(places(Program::sentry, {}).runtime == "/r/nacre/default");
    CHECK(places(Program::sentry, {}).state.empty());
}

TEST_CASE("places: HOME stands in, relative XDG folders do not count", "[config][places]") {
    const Variables variables;
    setenv("XDG_STATE_HOME", "relative", 1);
    const Places made = places(Program::vaultd, {});
    CHECK(made.config == "/h/.config/nacre/default.toml");
    CHECK(made.state == "/h/.local/state/nacre/default/vault");
}

TEST_CASE("places: flags win, in both spellings", "[config][places]") {
    const Variables variables;
    const Places made = places(
        Program::nacred, {"--config=/a.toml", "--state", "/s", "--runtime=/r", "--bin", "/b"});
    CHECK(made.config == "/a.toml");
    CHECK(made.config_given);
    CHECK(made.state == "/s");
    CHECK(made.runtime == "/r");
    CHECK(made.bin == "/b");
    CHECK(places(Program::vaultd, {"--state", "rel"}).state.is_absolute());
}

TEST_CASE("places: what is missing or strange is refused in a sentence", "[config][places]") {
    const Variables variables;
    CHECK(refused(Program::nacred, {}).text == "nacred: XDG_RUNTIME_DIR is not set; use --runtime");
    CHECK(refused(Program::nacred, {"--what"}).text ==
          "nacred: unknown option '--what'; see --help");
    CHECK(refused(Program::vaultd, {"--bin", "/b"}).status == 1);
    CHECK(refused(Program::vaultd, {"--config"}).text ==
          "nacre-vaultd: option --config needs a value");
    CHECK(refused(Program::vaultd, {"--instance", "../x"}).status == 1);
    unsetenv("HOME");
    CHECK(refused(Program::courier, {}).text.find("use --config") != std::string::npos);
}

TEST_CASE("places: help and version end well", "[config][places]") {
    CHECK(refused(Program::nacred, {"--help"}).status == 0);
    CHECK(refused(Program::nacred, {"--help"}).text.find("--runtime") != std::string::npos);
    CHECK(refused(Program::vaultd, {"--help"}).text.find("--runtime") == std::string::npos);
    CHECK(refused(Program::courier, {"--version"}).text.starts_with("nacre-courier "));
}

TEST_CASE("places: instance names are short and plain", "[config][places]") {
    CHECK(valid_instance("default"));
    CHECK(valid_instance("work-2"));
    CHECK(valid_instance(std::string(32, 'a')));
    for (const char* bad : {"", "Work", "a/b", "..", "a.b", "a b", "ä"})
        CHECK_FALSE(valid_instance(bad));
    CHECK_FALSE(valid_instance(std::string(33, 'a')));
}
