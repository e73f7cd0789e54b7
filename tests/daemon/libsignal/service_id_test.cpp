#include "daemon/libsignal/service_id.h"

#include <catch2/catch_test_macros.hpp>

#include "tests/support/matchers.h"

namespace nacre::signal {
namespace {

constexpr std::string_view kUuid = "0f5a9e7c-1b2d-4c3e-8f90-a1b2c3d4e5f6";

TEST_CASE("service id: both kinds survive text and binary", "[libsignal][service_id]") {
    for (const std::string& text : {std::string{kUuid}, "PNI:" + std::string{kUuid}}) {
        const auto id = ServiceId::parse(text).value();
        CHECK(id.to_text() == text);
        CHECK(ServiceId::from_binary(id.to_binary()).value() == id);
    }
}

TEST_CASE("service id: a PNI has a prefix byte and an ACI none", "[libsignal][service_id]") {
    const auto aci = ServiceId::parse(kUuid).value();
    auto pni = aci;
    pni.kind = ServiceId::Kind::pni;
    CHECK(aci.to_binary().size() == 16);
    REQUIRE(pni.to_binary().size() == 17);
    CHECK(pni.to_binary()[0] == 1);
    CHECK(aci < pni);
    CHECK(aci.to_fixed_width()[0] == 0);
}

TEST_CASE("service id: upper case parses to the same id", "[libsignal][service_id]") {
    CHECK(ServiceId::parse("0F5A9E7C-1B2D-4C3E-8F90-A1B2C3D4E5F6").value() ==
          ServiceId::parse(kUuid).value());
}

TEST_CASE("service id: malformed texts and bytes are refused", "[libsignal][service_id]") {
    for (const char* text :
         {"", "PNI:", "pni:x", "0f5a9e7c1b2d4c3e8f90a1b2c3d4e5f6",
          "0f5a9e7c-1b2d-4c3e-8f90-a1b2c3d4e5f", "0f5a9e7c-1b2d-4c3e-8f90-a1b2c3d4e5fg",
          "0f5a9e7c-1b2d-4c3e-8f90-a1b2c3d4e5f60", "0f5a9e7cx1b2d-4c3e-8f90-a1b2c3d4e5f6"}) {
        CHECK_THAT(ServiceId::parse(text), tests::FailsWith(ErrorCode::bad_message));
    }
    CHECK_THAT(ServiceId::from_binary(Bytes(15)), tests::FailsWith(ErrorCode::bad_message));
    CHECK_THAT(ServiceId::from_binary(Bytes(17)), tests::FailsWith(ErrorCode::bad_message));
    CHECK_THAT(ServiceId::from_binary(Bytes(18, 1)), tests::FailsWith(ErrorCode::bad_message));
}

}  // namespace
}  // namespace nacre::signal
