#include "daemon/config/environments.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "daemon/config/url.h"
#include "daemon/config/wire_environment.h"

using namespace nacre;
using namespace nacre::config;

TEST_CASE("environments: the built-in ones are whole", "[config][environments]") {
    const Environment environment = GENERATE(production(), staging());
    CHECK(valid_https_url(environment.chat_url));
    CHECK(valid_https_url(environment.storage_url));
    REQUIRE(environment.cdn_urls.size() == 3);
    for (const auto& [number, url] : environment.cdn_urls) CHECK(valid_https_url(url));
    CHECK(environment.ca_pem.starts_with("-----BEGIN CERTIFICATE-----\n"));
    CHECK(environment.ca_pem.ends_with("-----END CERTIFICATE-----\n"));
    CHECK_FALSE(environment.custom_ca);
    REQUIRE(environment.trust_roots.size() == 2);
    for (const Bytes& root : environment.trust_roots) {
        CHECK(root.size() == 33);
        CHECK(root[0] == 5);
    }
    CHECK(environment.server_public_params.size() == 673);
    CHECK(environment.generic_server_public_params.size() == 225);
    CHECK(environment.backup_server_public_params.size() == 225);
}

TEST_CASE("environments: production and staging share no key", "[config][environments]") {
    const Environment live = production();
    const Environment test = staging();
    CHECK(live.name != test.name);
    CHECK(live.chat_url != test.chat_url);
    CHECK(live.storage_url != test.storage_url);
    for (const Bytes& root : live.trust_roots) {
        for (const Bytes& other : test.trust_roots) CHECK(root != other);
    }
    CHECK(live.server_public_params != test.server_public_params);
}

TEST_CASE("wire environment: says what connects where, whatever the order",
          "[config][environments]") {
    Config config;
    config.environment = production();
    const auto wire = wire_environment(config);
    CHECK(wire.name() == "production");
    CHECK(wire.cdn_urls_size() == 3);
    CHECK(wire.cdn_urls(2) == "3=https://cdn3.signal.org");
    CHECK(wire.ca_sha256().empty());
    CHECK_FALSE(wire.proxy_required());

    auto other = wire;
    other.mutable_cdn_urls()->SwapElements(0, 2);
    CHECK(same_environment(wire, other));

    config.proxy.required = true;
    CHECK_FALSE(same_environment(wire, wire_environment(config)));
    config.proxy.required = false;
    config.environment.custom_ca = true;
    CHECK(wire_environment(config).ca_sha256().size() == 32);
    CHECK_FALSE(same_environment(wire, wire_environment(config)));
    config.environment = staging();
    CHECK_FALSE(same_environment(wire, wire_environment(config)));
}
