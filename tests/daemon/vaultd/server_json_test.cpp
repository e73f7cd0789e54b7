#include "daemon/vaultd/server_json.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/support/matchers.h"

using namespace nacre;
using namespace nacre::vaultd;
using nacre::tests::FailsWith;

TEST_CASE("server JSON: a link body without a number carries no PNI keys", "[vaultd][server_json]") {
    LinkBody body;
    body.provisioning_code = "code";
    body.registration_id = 7;
    body.device_name = {1, 2, 3};
    body.aci_signed = {1, {5}, {6}};
    body.aci_last_resort = {2, {8}, {9}};
    const std::string text = to_string(write_link_body(body));
    CHECK(text.find("pni") == std::string::npos);
    CHECK(text.find(R"("spqr":true)") != std::string::npos);
    CHECK(text.find(R"("verificationCode":"code")") != std::string::npos);
    body.pni = LinkBody::Pni{9, {3, {1}, {1}}, {4, {1}, {1}}};
    CHECK(to_string(write_link_body(body)).find(R"("pniRegistrationId":9)") != std::string::npos);
}

TEST_CASE("server JSON: replies are read", "[vaultd][server_json]") {
    const auto reply = read_link_reply(as_bytes(R"({"uuid":"a","pni":"b","deviceId":2})"));
    REQUIRE(reply.ok());
    CHECK((reply->aci == "a" && reply->pni == "b" && reply->device_id == 2));
    CHECK(read_link_reply(as_bytes(R"({"uuid":"a","pni":null,"deviceId":2})"))->pni.empty());
    CHECK(read_key_count(as_bytes(R"({"count":3,"pqCount":4})"))->one_time_kyber == 4);
    CHECK(read_certificate(as_bytes(R"({"certificate":"AAE="})")).value() == Bytes{0, 1});

    const auto mismatch = read_device_mismatch(as_bytes(R"({"missingDevices":[2],"extraDevices":[3,4]})"));
    REQUIRE(mismatch.ok());
    CHECK(mismatch->missing == std::vector<std::uint32_t>{2});
    CHECK(mismatch->extra == std::vector<std::uint32_t>{3, 4});
    CHECK(mismatch->stale.empty());

    const auto bundles = read_bundles(as_bytes(
        R"({"identityKey":"AA==","devices":[{"deviceId":1,"registrationId":5,
            "signedPreKey":{"keyId":1,"publicKey":"AA==","signature":"AA=="},
            "pqPreKey":{"keyId":2,"publicKey":"AA==","signature":"AA=="},
            "preKey":{"keyId":3,"publicKey":"AA=="}}]})"));
    REQUIRE(bundles.ok());
    CHECK(bundles->devices.at(0).one_time->id == 3);
}

TEST_CASE("server JSON: a reply that is not the service's is refused", "[vaultd][server_json]") {
    const std::string text = GENERATE(
        "", "{", "null", "[]", "42", R"({"uuid":1,"deviceId":2})", R"({"uuid":"a","deviceId":"2"})",
        R"({"uuid":"a","deviceId":0})", R"({"uuid":"a","deviceId":128})", R"({"uuid":"a","deviceId":-1})",
        R"({"identityKey":"*","devices":[]})", R"({"identityKey":"AA==","devices":[{}]})",
        R"({"missingDevices":{}})", R"({"missingDevices":["x"]})", R"({"missingDevices":[0]})",
        R"({"certificate":7})", R"({"certificate":"*"})", R"({"count":-1})", "\xff\xfe",
        "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[");
    CAPTURE(text);
    CHECK_THAT(read_link_reply(as_bytes(text)), FailsWith(ErrorCode::bad_message));
    CHECK_THAT(read_bundles(as_bytes(text)), FailsWith(ErrorCode::bad_message));
    CHECK_THAT(read_certificate(as_bytes(text)), FailsWith(ErrorCode::bad_message));
    CHECK_THAT(read_key_count(as_bytes(text)), FailsWith(ErrorCode::bad_message));
}

TEST_CASE("server JSON: more devices than an account can have are refused", "[vaultd][server_json]") {
    std::string text = R"({"missingDevices":[1)";
    for (int i = 0; i < 100; ++i) text += ",2";
    CHECK_THAT(read_device_mismatch(as_bytes(text + "]}")), FailsWith(ErrorCode::bad_message));
}
