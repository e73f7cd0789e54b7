#include "daemon/courier/routes.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/support/matchers.h"

namespace nacre::courier {
namespace {

using tests::FailsWith;

const std::string kAci = "9d0652a3-dcc3-4d11-975f-74d61598733f";
const std::string kKey(16, '\x01');

struct Expected {
    const char* name;
    void (*fill)(v1::ChatRequest& request);
    const char* verb;
    const char* path;
    bool authenticated;
    std::vector<signal::Header> headers;
    std::optional<std::string> body;
};

const std::vector<signal::Header> kJson{{"content-type", "application/json"}};

// Every route there is.
const std::vector<Expected> kRoutes{
    {"link", [](auto& r) { auto& l = *r.mutable_link_device(); l.set_aci(kAci); l.set_password("pw"); l.set_body("{}"); },
     "PUT", "/v1/devices/link", false,
     {{"content-type", "application/json"},
      {"authorization", "Basic OWQwNjUyYTMtZGNjMy00ZDExLTk3NWYtNzRkNjE1OTg3MzNmOnB3"}}, "{}"},
    {"put keys aci", [](auto& r) { auto& k = *r.mutable_put_keys(); k.set_identity(v1::IDENTITY_KIND_ACI); k.set_body("{}"); },
     "PUT", "/v2/keys?identity=aci", true, kJson, "{}"},
    {"put keys pni", [](auto& r) { auto& k = *r.mutable_put_keys(); k.set_identity(v1::IDENTITY_KIND_PNI); k.set_body("{}"); },
     "PUT", "/v2/keys?identity=pni", true, kJson, "{}"},
    {"key count", [](auto& r) { r.mutable_get_key_count()->set_identity(v1::IDENTITY_KIND_PNI); },
     "GET", "/v2/keys?identity=pni", true, {}, {}},
    {"all pre-keys", [](auto& r) { r.mutable_get_pre_keys()->set_service_id(kAci); },
     "GET", "/v2/keys/9d0652a3-dcc3-4d11-975f-74d61598733f/*", true, {}, {}},
    {"pre-keys of a device, unidentified", [](auto& r) { auto& k = *r.mutable_get_pre_keys(); k.set_service_id("PNI:" + kAci); k.set_device_id(3); k.set_access_key(kKey); },
     "GET", "/v2/keys/PNI:9d0652a3-dcc3-4d11-975f-74d61598733f/3", false,
     {{"unidentified-access-key", "AQEBAQEBAQEBAQEBAQEBAQ=="}}, {}},
    {"messages", [](auto& r) { auto& m = *r.mutable_put_messages(); m.set_service_id("9D0652A3-DCC3-4D11-975F-74D61598733F"); m.set_body("{}"); },
     "PUT", "/v1/messages/9d0652a3-dcc3-4d11-975f-74d61598733f", true, kJson, "{}"},
    {"sealed story", [](auto& r) { auto& m = *r.mutable_put_messages(); m.set_service_id(kAci); m.set_body("{}"); m.set_access_key(kKey); m.set_story(true); },
     "PUT", "/v1/messages/9d0652a3-dcc3-4d11-975f-74d61598733f?story=true", false,
     {{"content-type", "application/json"}, {"unidentified-access-key", "AQEBAQEBAQEBAQEBAQEBAQ=="}}, "{}"},
    {"certificate", [](auto& r) { r.mutable_get_sender_certificate(); },
     "GET", "/v1/certificate/delivery?includeE164=false", true, {}, {}},
    {"certificate with number", [](auto& r) { r.mutable_get_sender_certificate()->set_include_e164(true); },
     "GET", "/v1/certificate/delivery?includeE164=true", true, {}, {}},
    {"whoami", [](auto& r) { r.mutable_whoami(); }, "GET", "/v1/accounts/whoami", true, {}, {}},
    {"challenge", [](auto& r) { r.mutable_put_challenge()->set_body("{}"); },
     "PUT", "/v1/challenge", true, kJson, "{}"},
};

TEST_CASE("routes: each has its exact verb, path, headers and connection", "[courier][routes]") {
    for (const Expected& expected : kRoutes) {
        CAPTURE(expected.name);
        v1::ChatRequest request;
        expected.fill(request);
        const auto routed = route(request);
        REQUIRE(routed.ok());
        CHECK(routed->request.verb == expected.verb);
        CHECK(routed->request.path == expected.path);
        CHECK(routed->authenticated == expected.authenticated);
        CHECK(routed->request.headers == expected.headers);
        CHECK(routed->request.body.has_value() == expected.body.has_value());
        if (expected.body) CHECK(to_string(*routed->request.body) == *expected.body);
        CHECK(routed->request.timeout == std::chrono::seconds{30});
    }
}

TEST_CASE("routes: a hostile id never reaches a path", "[courier][routes]") {
    const std::string id = GENERATE(
        as<std::string>{}, "", "x", "../../v1/devices", "9d0652a3-dcc3-4d11-975f-74d61598733f/..",
        "9d0652a3-dcc3-4d11-975f-74d61598733f?x=1", "9d0652a3-dcc3-4d11-975f-74d61598733f ",
        "9d0652a3dcc34d11975f74d61598733f", "9d0652a3-dcc3-4d11-975f-74d61598733", "PNI:", "pni:x",
        "PNI:PNI:9d0652a3-dcc3-4d11-975f-74d61598733f", "9d0652a3-dcc3-4d11-975f-74d6159873\r\n",
        "%2e%2e-dcc3-4d11-975f-74d61598733f", "9g0652a3-dcc3-4d11-975f-74d61598733f");
    CAPTURE(id);
    v1::ChatRequest request;
    SECTION("keys") { request.mutable_get_pre_keys()->set_service_id(id); }
    SECTION("messages") {
        request.mutable_put_messages()->set_service_id(id);
        request.mutable_put_messages()->set_body("{}");
    }
    SECTION("link") {
        request.mutable_link_device()->set_aci(id);
        request.mutable_link_device()->set_password("p");
        request.mutable_link_device()->set_body("{}");
    }
    CHECK_THAT(route(request), FailsWith(ErrorCode::invalid_argument));
}

TEST_CASE("routes: values out of range are refused", "[courier][routes]") {
    v1::ChatRequest request;
    SECTION("device id") {
        request.mutable_get_pre_keys()->set_service_id(kAci);
        request.mutable_get_pre_keys()->set_device_id(128);
    }
    SECTION("access key") {
        request.mutable_get_pre_keys()->set_service_id(kAci);
        request.mutable_get_pre_keys()->set_access_key("short");
    }
    SECTION("identity") { request.mutable_get_key_count(); }
    SECTION("no body") { request.mutable_put_messages()->set_service_id(kAci); }
    SECTION("linking as a PNI") {
        request.mutable_link_device()->set_aci("PNI:" + kAci);
        request.mutable_link_device()->set_password("p");
        request.mutable_link_device()->set_body("{}");
    }
    SECTION("linking without a password") {
        request.mutable_link_device()->set_aci(kAci);
        request.mutable_link_device()->set_body("{}");
    }
    CHECK_THAT(route(request), FailsWith(ErrorCode::invalid_argument));
}

TEST_CASE("routes: no route is no request", "[courier][routes]") {
    CHECK_THAT(route(v1::ChatRequest{}), FailsWith(ErrorCode::unsupported));
}

TEST_CASE("routes: timeouts are bounded", "[courier][routes]") {
    v1::ChatRequest request;
    request.mutable_whoami();
    request.set_timeout_ms(5000);
    CHECK(route(request)->request.timeout == std::chrono::seconds{5});
    request.set_timeout_ms(4'000'000'000);
    CHECK(route(request)->request.timeout == std::chrono::seconds{120});
}

TEST_CASE("routes: a reply carries status, body and the two headers", "[courier][routes]") {
    signal::Response response{429, {{"retry-after", "17"}, {"x-signal-timestamp", "1700000000123"}},
                              to_bytes("body")};
    const auto reply = reply_from(response);
    REQUIRE(reply.ok());
    CHECK(reply->status() == 429);
    CHECK(reply->body() == "body");
    CHECK(reply->retry_after_s() == 17);
    CHECK(reply->server_timestamp() == 1'700'000'000'123);
    response.headers = {{"retry-after", "Wed, 21 Oct 2026 07:28:00 GMT"}, {"x-signal-timestamp", "-1"}};
    CHECK(reply_from(response)->retry_after_s() == 0);
    CHECK(reply_from(response)->server_timestamp() == 0);
    response.headers = {{"retry-after", "99999999999999"}};
    CHECK(reply_from(response)->retry_after_s() == 4'294'967'295);
}

TEST_CASE("routes: a reply that does not fit the link is an error", "[courier][routes]") {
    CHECK(reply_from({200, {}, Bytes(kMostReplyBytes)}).ok());
    CHECK_THAT(reply_from({200, {}, Bytes(kMostReplyBytes + 1)}),
               FailsWith(ErrorCode::resource_exhausted));
}

}  // namespace
}  // namespace nacre::courier
