#include "vault/id.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <set>

#include "tests/support/matchers.h"
#include "vault/page.h"
#include "vault/service_id.h"

namespace nacre::vault {
namespace {

using tests::FailsWith;

TEST_CASE("id: its text parses to the same id", "[vault][id]") {
    const Id id = Id::random();
    CHECK(id.text().size() == 22);
    CHECK(*Id::parse(id.text()) == id);
    CHECK(Id::random() != id);
}

TEST_CASE("id: a series shares a beginning, and is random apart from it", "[vault][id]") {
    IdSeries series;
    std::set<Id> ids;
    std::set<std::array<std::uint8_t, 4>> beginnings;
    for (int i = 0; i < 1024; ++i) {
        const Id id = series.next();
        ids.insert(id);
        beginnings.insert({id.bytes[0], id.bytes[1], id.bytes[2], id.bytes[3]});
    }
    CHECK(ids.size() == 1024);
    CHECK(beginnings.size() == 4);
}

TEST_CASE("id: refuses what no id writes", "[vault][id]") {
    const std::string text = GENERATE("",
                                      "AAAAAAAAAAAAAAAAAAAAA",
                                      "AAAAAAAAAAAAAAAAAAAAAAA",
                                      "AAAAAAAAAAAAAAAAAAAAAB",  // bits past the end
                                      "AAAAAAAAAAAAAAAAAAAA==",
                                      "AAAAAAAAAA AAAAAAAAAAA",
                                      "AAAAAAAAAA+AAAAAAAAAAA");
    CHECK_THAT(Id::parse(text), FailsWith(ErrorCode::invalid_argument));
}

TEST_CASE("service id: text and both binary widths mean the same", "[vault][service_id]") {
    const std::string text = "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9";
    const ServiceId aci = *ServiceId::parse(text);
    CHECK_FALSE(aci.is_pni());
    CHECK(aci.text() == text);
    CHECK(*ServiceId::parse_binary(aci.bytes) == aci);
    CHECK(*ServiceId::parse_binary(aci.uuid()) == aci);
    const ServiceId pni = *ServiceId::parse("PNI:" + text);
    CHECK(pni.is_pni());
    CHECK(pni.text() == "PNI:" + text);
    CHECK(*ServiceId::parse_binary(pni.bytes) == pni);
    CHECK(pni.uuid() == aci.uuid());
    CHECK(ServiceId::parse("0A1B2C3D-4E5F-6071-8293-A4B5C6D7E8F9")->text() == text);
}

TEST_CASE("service id: refuses other forms", "[vault][service_id]") {
    const std::string text = GENERATE("",
                                      "PNI:",
                                      "0a1b2c3d4e5f60718293a4b5c6d7e8f9",
                                      "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f",
                                      "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8fg",
                                      "0a1b2c3d-4e5f-6071-8293_a4b5c6d7e8f9",
                                      "ACI:0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9");
    CHECK_THAT(ServiceId::parse(text), FailsWith(ErrorCode::invalid_argument));
    CHECK_THAT(ServiceId::parse_binary(Bytes(15)), FailsWith(ErrorCode::invalid_argument));
    CHECK_THAT(ServiceId::parse_binary(Bytes(17, 2)), FailsWith(ErrorCode::invalid_argument));
}

TEST_CASE("page token: opens only for the list it was made for", "[vault][page]") {
    const PagePosition position{.order = 1234567890123, .id = Id::random()};
    const std::string token = page_token(PageKind::messages, "one", position);
    const auto parsed = parse_page_token(PageKind::messages, "one", token);
    REQUIRE(parsed.ok());
    CHECK(parsed->order == position.order);
    CHECK(parsed->id == position.id);
    CHECK_THAT(parse_page_token(PageKind::messages, "two", token),
               FailsWith(ErrorCode::invalid_argument));
    CHECK_THAT(parse_page_token(PageKind::hits, "one", token),
               FailsWith(ErrorCode::invalid_argument));
    CHECK_THAT(parse_page_token(PageKind::messages, "one", token.substr(1)),
               FailsWith(ErrorCode::invalid_argument));
    CHECK_THAT(parse_page_token(PageKind::messages, "one", "!" + token.substr(1)),
               FailsWith(ErrorCode::invalid_argument));
}

}  // namespace
}  // namespace nacre::vault
