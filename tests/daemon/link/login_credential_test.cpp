#include "daemon/link/login_credential.h"

#include <catch2/catch_test_macros.hpp>

#include "daemon/base/credential.h"
#include "tests/support/matchers.h"

using namespace nacre;
using nacre::tests::FailsWith;

TEST_CASE("login credential: what is written is read", "[link][login_credential]") {
    courier::v1::LoginRequest login;
    login.set_aci("9d0652a3-dcc3-4d11-975f-74d61598733f");
    login.set_device_id(2);
    login.set_password("secret");
    login.mutable_environment()->set_name("custom");
    const std::string bytes = link::write_login_credential(login).value();
    const auto read = link::parse_login_credential(as_bytes(bytes));
    REQUIRE(read.ok());
    CHECK(read->SerializeAsString() == login.SerializeAsString());

    CHECK_THAT(link::parse_login_credential(as_bytes(bytes.substr(0, bytes.size() - 1))),
               FailsWith(ErrorCode::bad_message));
    CHECK_THAT(link::parse_login_credential(as_bytes(bytes.substr(1))),
               FailsWith(ErrorCode::bad_message));
    // Lines that an editor has touched.
    CHECK_THAT(link::parse_login_credential(as_bytes(bytes + "\n")),
               FailsWith(ErrorCode::bad_message));
}

TEST_CASE("login credential: neither garbage nor too much is taken", "[link][login_credential]") {
    for (const char* text : {"", "nacre login 1", "nacre login 2\n", "\n", "something else"})
        CHECK_THAT(link::parse_login_credential(as_bytes(std::string_view{text})),
                   FailsWith(ErrorCode::bad_message));
    CHECK_THAT(link::parse_login_credential(Bytes(daemon::kMostLoginCredential + 1)),
               FailsWith(ErrorCode::resource_exhausted));
    courier::v1::LoginRequest huge;
    huge.set_password(std::string(daemon::kMostLoginCredential, 'x'));
    CHECK_THAT(link::write_login_credential(huge), FailsWith(ErrorCode::resource_exhausted));
}
