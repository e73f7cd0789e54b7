#include "daemon/link/failed.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

using namespace nacre;
using namespace nacre::link;

TEST_CASE("failed: every error code and libsignal's name come back", "[link][failed]") {
    for (int value = 0; value < kErrorCodeCount; ++value) {
        const Error sent{static_cast<ErrorCode>(value), "there", 5, "InvalidSession"};
        const Error back = to_error(to_failed(sent), "here");
        CHECK(back.code == sent.code);
        CHECK(std::string{back.name} == "InvalidSession");
        CHECK(std::string{back.where.c_str()} == "here");
        CHECK(back.os_error == 0);
    }
}

TEST_CASE("failed: strange codes become internal, strange names empty", "[link][failed]") {
    courier::v1::Failed failed;
    failed.set_code("no such code");
    failed.set_name("two words");
    CHECK(to_error(failed, "here").code == ErrorCode::internal);
    CHECK(std::string{to_error(failed, "here").name}.empty());
    failed.set_name(std::string(65, 'x'));
    CHECK(std::string{to_error(failed, "here").name}.empty());
}

TEST_CASE("failed: a name is kept once, and not more than 256 of them", "[link][failed]") {
    courier::v1::Failed failed;
    failed.set_name("KeptOnce");
    const char* first = to_error(failed, "here").name;
    CHECK(to_error(failed, "here").name == first);
    int kept = 0;
    for (int n = 0; n < 1000; ++n) {
        failed.set_name("Flood" + std::to_string(n));
        kept += *to_error(failed, "here").name != '\0' ? 1 : 0;
    }
    CHECK(kept <= 256);
    failed.set_name("KeptOnce");
    CHECK(to_error(failed, "here").name == first);
}
