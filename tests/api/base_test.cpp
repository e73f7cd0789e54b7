#include <catch2/catch_test_macros.hpp>

#include "api/base/bytes.h"
#include "api/base/result.h"
#include "tests/support/matchers.h"

using namespace nacre;
using nacre::tests::FailsWith;

namespace {

Result<int> half(int value) {
    if (value % 2 != 0) return Error{ErrorCode::invalid_argument, "half"};
    return value / 2;
}

Result<int> quarter(int value) { return half(NACRE_TRY(half(value))); }

}  // namespace

TEST_CASE("result: NACRE_TRY passes the value on and returns the error", "[api][result]") {
    CHECK(quarter(12).value() == 3);
    CHECK_THAT(quarter(7), FailsWith(ErrorCode::invalid_argument));
    CHECK_THAT(quarter(6), FailsWith(ErrorCode::invalid_argument));
}

TEST_CASE("bytes: hexadecimal and base64 go both ways and refuse what is not theirs", "[api][bytes]") {
    const Bytes bytes{0x00, 0xff, 0x10, 0x7f, 0x80};
    Bytes back;
    CHECK(to_hex(bytes) == "00ff107f80");
    REQUIRE(from_hex("00FF107f80", back));
    CHECK(back == bytes);
    CHECK_FALSE(from_hex("0", back));
    CHECK_FALSE(from_hex("0g", back));
    CHECK(to_base64(bytes) == "AP8Qf4A=");
    REQUIRE(from_base64("AP8Qf4A=", back));
    CHECK(back == bytes);
    REQUIRE(from_base64("AP8Qf4A", back));
    CHECK(back == bytes);
    CHECK_FALSE(from_base64("AP8Q*4A=", back));
}
