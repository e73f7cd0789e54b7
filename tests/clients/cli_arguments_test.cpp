#include <catch2/catch_test_macros.hpp>
#include <initializer_list>
#include <string>
#include <vector>

#include "clients/cli/arguments.h"
#include "clients/cli/commands.h"
#include "clients/cli/conversation_choice.h"
#include "clients/cli/exit_code.h"

using namespace nacre;
using namespace nacre::cli;

namespace {

std::optional<ExitCode> parse(std::initializer_list<const char*> words, Arguments& out) {
    std::vector<std::string> copies{"nacre"};
    copies.insert(copies.end(), words.begin(), words.end());
    std::vector<char*> argv;
    for (std::string& copy : copies) argv.push_back(copy.data());
    return parse_arguments(static_cast<int>(argv.size()), argv.data(), out);
}

}  // namespace

TEST_CASE("arguments: global options stand before or after the command", "[cli][arguments]") {
    for (const auto words : {std::initializer_list<const char*>{"--json", "status"},
                             std::initializer_list<const char*>{"status", "--json"}}) {
        Arguments out;
        REQUIRE_FALSE(parse(words, out));
        CHECK(out.json);
        CHECK(out.verb == "status");
        CHECK(out.places.instance == "default");
    }
}

TEST_CASE("arguments: a command's own are taken", "[cli][arguments]") {
    Arguments out;
    REQUIRE_FALSE(parse({"send", "+16505550100", "-", "--request-id", "r"}, out));
    CHECK(out.conversation == "+16505550100");
    CHECK(out.text == "-");
    CHECK(out.request_id == "r");
    Arguments watch;
    REQUIRE_FALSE(parse({"watch", "--after", "0", "--text"}, watch));
    REQUIRE(watch.after.has_value());
    CHECK(*watch.after == 0);
    CHECK(watch.with_text);
}

TEST_CASE("arguments: what is wrong is a user error", "[cli][arguments]") {
    Arguments out;
    CHECK(parse({}, out) == ExitCode::user_error);
    CHECK(parse({"frobnicate"}, out) == ExitCode::user_error);
    CHECK(parse({"messages"}, out) == ExitCode::user_error);
    CHECK(parse({"status", "--wrong"}, out) == ExitCode::user_error);
    CHECK(parse({"conversations", "--limit", "0"}, out) == ExitCode::user_error);
    CHECK(parse({"unlock", "--passphrase", "secret"}, out) == ExitCode::user_error);
}

TEST_CASE("arguments: help and version end well", "[cli][arguments]") {
    Arguments out;
    CHECK(parse({"--version"}, out) == ExitCode::success);
    CHECK(parse({"--help"}, out) == ExitCode::success);
}

TEST_CASE("arguments: every command that parses can run", "[cli][arguments]") {
    for (const Command& command : kCommands) {
        INFO(command.verb);
        Arguments out;
        const std::string verb{command.verb};
        std::vector<const char*> extra;
        const auto done = verb == "slot"         ? parse({"slot", "list"}, out)
                          : verb == "passphrase" ? parse({"passphrase", "check"}, out)
                          : verb == "courier" ? parse({"courier", "credential", "-"}, out)
                          : verb == "service"    ? parse({"service", "status"}, out)
                          : verb == "send" ? parse({"send", "a", "b"}, out)
                          : verb == "messages" || verb == "search" || verb == "read" ||
                                  verb == "accept-identity"
                              ? parse({verb.c_str(), "a"}, out)
                              : parse({verb.c_str()}, out);
        CHECK_FALSE(done);
        CHECK(out.verb == verb);
    }
}

TEST_CASE("arguments: a new slot's secret and the one shown are kept apart", "[cli][arguments]") {
    Arguments out;
    CHECK_FALSE(parse({"slot", "add", "--key-file", "new", "--make", "--with-key-file", "old",
                       "--label", "x"},
                      out));
    CHECK(out.action == "add");
    CHECK(out.key_file == "new");
    CHECK(out.with_key_file == "old");
    CHECK(out.make);
    Arguments none;
    CHECK(parse({"slot", "add", "--key-file", "f", "--duress"}, none) == ExitCode::user_error);
    CHECK(parse({"slot", "add", "--make"}, none) == ExitCode::user_error);
    CHECK(parse({"slot", "add", "--tpm", "--duress"}, none) == ExitCode::user_error);
    CHECK(parse({"slot", "add", "--pcrs", "7"}, none) == ExitCode::user_error);
    CHECK(parse({"slot", "add", "--with-passphrase"}, none) == ExitCode::user_error);
    CHECK(parse({"slot", "add", "--tpm", "--pcrs", "16"}, none) == ExitCode::user_error);
    CHECK(parse({"unlock", "--tpm", "--recovery-key"}, none) == ExitCode::user_error);
    CHECK(parse({"slot", "remove"}, none) == ExitCode::user_error);
    CHECK(parse({"slot"}, none) == ExitCode::user_error);
    CHECK(parse({"courier"}, none) == ExitCode::user_error);
    CHECK(parse({"courier", "credential"}, none) == ExitCode::user_error);
    Arguments unlock;
    CHECK_FALSE(parse({"unlock", "--key-file", "f"}, unlock));
    CHECK(unlock.with_key_file == "f");
}

TEST_CASE("exit code: each error code has the documented one", "[cli][exit_code]") {
    for (int i = 0; i < kErrorCodeCount; ++i) {
        const auto code = static_cast<ErrorCode>(i);
        INFO(to_string(code));
        CHECK(exit_code(code) != ExitCode::success);
    }
    CHECK(exit_code(ErrorCode::vault_locked) == ExitCode::locked);
    CHECK(exit_code(ErrorCode::untrusted_identity) == ExitCode::untrusted_identity);
    CHECK(exit_code(ErrorCode::rate_limited) == ExitCode::rate_limited);
    CHECK(exit_code(ErrorCode::unavailable) == ExitCode::io_error);
    CHECK(exit_code(ErrorCode::internal) == ExitCode::unexpected);
    CHECK(exit_code(ErrorCode::wrong_passphrase) == ExitCode::user_error);
}

TEST_CASE("conversation choice: id, title, number and ACI name it; parts do not",
          "[cli][conversation_choice]") {
    v1::Conversation conversation;
    conversation.set_id("AAAAAAAAAAAAAAAAAAAAAA");
    conversation.set_title("Alice");
    conversation.mutable_recipient()->set_number("+16505550100");
    conversation.mutable_recipient()->set_aci("0f1e");
    CHECK(means("Alice", conversation));
    CHECK(means("AAAAAAAAAAAAAAAAAAAAAA", conversation));
    CHECK(means("+16505550100", conversation));
    CHECK(means("+1 (650) 555-0100", conversation));
    CHECK(means("0f1e", conversation));
    CHECK_FALSE(means("Ali", conversation));
    CHECK_FALSE(means("", conversation));
    CHECK_FALSE(means("6505550100", conversation));
    // Somebody without a number is not meant by nothing.
    v1::Recipient unknown;
    CHECK_FALSE(means("", unknown));
    CHECK_FALSE(means("-", unknown));
}

TEST_CASE("arguments: a TPM slot's registers and passphrase", "[cli][arguments]") {
    Arguments add;
    CHECK_FALSE(parse({"slot", "add", "--tpm", "--pcrs", "0,7,11", "--with-passphrase"}, add));
    CHECK(add.new_tpm);
    CHECK(add.tpm_passphrase);
    CHECK(add.registers == std::vector<std::uint32_t>{0, 7, 11});
    CHECK(add.tpm_address == "device:/dev/tpmrm0");
    CHECK_FALSE(add.with_tpm);
    Arguments unlock;
    CHECK_FALSE(parse({"unlock", "--tpm", "--tpm-address", "swtpm:path=x"}, unlock));
    CHECK(unlock.with_tpm);
    CHECK(unlock.tpm_address == "swtpm:path=x");
    Arguments other;
    CHECK(parse({"unlock", "--tpm", "--tpm-address", "cmd:reboot"}, other) == ExitCode::user_error);
    Arguments rotate;
    CHECK_FALSE(parse({"slot", "rotate", "5", "--pcrs", "7", "--with-tpm"}, rotate));
    CHECK(rotate.registers == std::vector<std::uint32_t>{7});
    CHECK(rotate.with_tpm);
}
