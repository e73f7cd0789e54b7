#include "api/status_map.h"

#include <catch2/catch_test_macros.hpp>
#include <set>
#include <string>

using namespace nacre;

TEST_CASE("status map: every code goes to a status and back", "[api][status_map]") {
    std::set<std::string_view> reasons;
    for (int i = 0; i < kErrorCodeCount; ++i) {
        const auto code = static_cast<ErrorCode>(i);
        const grpc::Status status = api::to_status(Error{code, "test"});
        INFO(to_string(code));
        CHECK_FALSE(status.ok());
        CHECK_FALSE(status.error_message().empty());
        CHECK(api::from_status(status) == code);
        CHECK(reasons.insert(api::reason(code)).second);
    }
}

TEST_CASE("status map: the reason is the code's name in capitals", "[api][status_map]") {
    for (int i = 0; i < kErrorCodeCount; ++i) {
        const auto code = static_cast<ErrorCode>(i);
        std::string name{to_string(code)};
        for (char& letter : name) {
            if (letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - 'a' + 'A');
        }
        CHECK(api::reason(code) == name);
    }
}

TEST_CASE("status map: where an error arose does not reach the client", "[api][status_map]") {
    const grpc::Status status = api::to_status(Error{ErrorCode::io_failed, "open header", 5});
    CHECK(status.error_message().find("header") == std::string::npos);
    CHECK(status.error_details().find("header") == std::string::npos);
}

TEST_CASE("status map: a status without a reason goes by its code", "[api][status_map]") {
    using grpc::Status;
    using grpc::StatusCode;
    CHECK(api::from_status(Status{StatusCode::UNAVAILABLE, ""}) == ErrorCode::unavailable);
    CHECK(api::from_status(Status{StatusCode::DEADLINE_EXCEEDED, ""}) == ErrorCode::timed_out);
    CHECK(api::from_status(Status{StatusCode::UNIMPLEMENTED, "", "garbage"}) ==
          ErrorCode::unsupported);
    CHECK(api::from_status(Status{StatusCode::UNKNOWN, ""}) == ErrorCode::internal);
}

TEST_CASE("status map: an unknown reason leaves the code alone", "[api][status_map]") {
    ErrorCode code = ErrorCode::canceled;
    CHECK_FALSE(api::from_reason("NEW_IN_2030", code));
    CHECK(code == ErrorCode::canceled);
}
