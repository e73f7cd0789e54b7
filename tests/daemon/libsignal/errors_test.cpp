#include "daemon/libsignal/errors.h"

#include <catch2/catch_test_macros.hpp>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "daemon/libsignal/call.h"
#include "tests/support/matchers.h"

namespace nacre::signal {
namespace {

using tests::FailsWith;

std::set<std::string> names_of_the_package() {
    std::ifstream file{NACRE_LIBSIGNAL_PACKAGE "/dist/Errors.js"};
    std::stringstream text;
    text << file.rdbuf();
    const std::string source = text.str();
    const std::regex entry{R"re(ErrorCode\["(\w+)"\])re"};
    std::set<std::string> names;
    for (auto i = std::sregex_iterator{source.begin(), source.end(), entry};
         i != std::sregex_iterator{}; ++i) {
        names.insert((*i)[1].str());
    }
    return names;
}

TEST_CASE("errors: the table has libsignal's names, and three of ours", "[libsignal][errors]") {
    std::set<std::string> ours;
    for (const ErrorName& entry : error_names()) ours.insert(entry.name);
    CHECK(ours.size() == error_names().size());
    auto expected = names_of_the_package();
    REQUIRE(expected.size() > 80);
    expected.insert({"Panic", "TypeError", "Unknown"});
    CHECK(ours == expected);
}

TEST_CASE("errors: a name that is not in the table is Unknown", "[libsignal][errors]") {
    CHECK(std::string_view{find_error_name("FromTheFuture").name} == "Unknown");
    CHECK(find_error_name("FromTheFuture").code == ErrorCode::internal);
}

// A failure that libsignal makes up from its description.
template <class Function>
Error made(Host& host, const Function& function, std::string_view description) {
    return call(host, function, description).error();
}

TEST_CASE("errors: what a connection fails with has its code", "[libsignal][errors]") {
    const auto host_ = Host::open(default_addon_path()).value();
    Host& host = *host_;
    struct Case {
        const char* description;
        const char* name;
        ErrorCode code;
    };
    constexpr Case kCases[] = {
        {"AppExpired", "AppExpired", ErrorCode::rejected},
        {"DeviceDeregistered", "DeviceDelinked", ErrorCode::unlinked},
        {"WebSocketConnectionFailed", "IoError", ErrorCode::unavailable},
        {"Timeout", "IoError", ErrorCode::unavailable},
        {"AllAttemptsFailed", "IoError", ErrorCode::unavailable},
        {"RetryAfter42Seconds", "RateLimitedError", ErrorCode::rate_limited},
    };
    for (const Case& one : kCases) {
        const auto error = made(host, native::TESTING_ChatConnectErrorConvert, one.description);
        INFO(one.description);
        CHECK(std::string_view{error.name} == one.name);
        CHECK(error.code == one.code);
    }
}

TEST_CASE("errors: what a request fails with has its code", "[libsignal][errors]") {
    const auto host_ = Host::open(default_addon_path()).value();
    Host& host = *host_;
    struct Case {
        const char* description;
        const char* name;
        ErrorCode code;
    };
    constexpr Case kCases[] = {
        {"RequestTimedOut", "IoError", ErrorCode::unavailable},
        {"Disconnected", "ChatServiceInactive", ErrorCode::unavailable},
        {"ConnectedElsewhere", "ConnectedElsewhere", ErrorCode::rejected},
        {"ConnectionInvalidated", "ConnectionInvalidated", ErrorCode::rejected},
    };
    for (const Case& one : kCases) {
        const auto error = made(host, native::TESTING_ChatSendErrorConvert, one.description);
        INFO(one.description);
        CHECK(std::string_view{error.name} == one.name);
        CHECK(error.code == one.code);
    }
}

}  // namespace
}  // namespace nacre::signal
