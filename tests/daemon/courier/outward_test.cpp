#include "daemon/courier/outward.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "daemon/config/environments.h"
#include "daemon/courier/download.h"
#include "tests/support/matchers.h"

namespace nacre::courier {
namespace {

using tests::FailsWith;

config::Config production() {
    config::Config config;
    config.environment = config::production();
    return config;
}

config::Config custom() {
    config::Config config;
    config.environment.name = "custom";
    config.environment.chat_url = "https://localhost:4433";
    config.environment.storage_url = "https://localhost:4433/storageService";
    config.environment.cdn_urls = {{0, "https://localhost:4433"}, {3, "https://localhost:4434/cdn3"}};
    config.environment.ca_pem = "-----BEGIN CERTIFICATE-----\nAQID\nBAUG\n-----END CERTIFICATE-----\n";
    return config;
}

bool has(const egress::AllowList& list, std::string_view host, std::uint16_t port) {
    return std::ranges::any_of(list.hosts, [&](const egress::Endpoint& endpoint) {
        return endpoint.host == host && endpoint.port == port;
    });
}

TEST_CASE("outward: production lets through Signal's configured hosts alone", "[courier][outward]") {
    const auto list = allow_list(production(), {});
    CHECK(list.proxies.empty());
    CHECK(has(list, "chat.signal.org", 443));
    CHECK(has(list, "grpc.chat.signal.org", 443));
    CHECK(has(list, "cdn3.signal.org", 443));
    for (const auto& endpoint : list.hosts) {
        CHECK(endpoint.host.ends_with(".signal.org"));
        CHECK(endpoint.port == 443);
    }
}

TEST_CASE("outward: with a proxy, required or not, only the proxy", "[courier][outward]") {
    config::Config config = production();
    config.proxy.url = "socks5h://127.0.0.1:9050";
    config.proxy.required = GENERATE(false, true);
    const auto list = allow_list(config, {"/run/x"});
    CHECK(list.hosts.empty());
    REQUIRE(list.proxies.size() == 1);
    CHECK(list.proxies[0].host == "127.0.0.1");
    CHECK(list.proxies[0].port == 9050);
    CHECK(list.unix_paths == std::vector<std::string>{"/run/x"});
    const auto options = network_options(config);
    REQUIRE(options.ok());
    REQUIRE(options->proxy);
    CHECK(options->proxy->scheme == "socks5h");
    CHECK(options->proxy->port == 9050);
}

TEST_CASE("outward: a proxy required and none configured means nothing", "[courier][outward]") {
    config::Config config = production();
    config.proxy.required = true;
    const auto list = allow_list(config, {});
    CHECK(list.hosts.empty());
    CHECK(list.proxies.empty());
}

TEST_CASE("outward: a custom service is on localhost, with its own root", "[courier][outward]") {
    const auto options = network_options(custom());
    REQUIRE(options.ok());
    const auto* local = std::get_if<signal::LocalService>(&options->service);
    REQUIRE(local != nullptr);
    CHECK(local->port == 4433);
    CHECK(local->root_certificate_der == Bytes{1, 2, 3, 4, 5, 6});
    const auto list = allow_list(custom(), {});
    CHECK(has(list, "localhost", 4433));
    CHECK(has(list, "127.0.0.1", 4434));
    CHECK_FALSE(has(list, "grpc.localhost", 4433));
}

TEST_CASE("outward: a custom service elsewhere, or a CA that is none, is refused",
          "[courier][outward]") {
    config::Config config = custom();
    SECTION("elsewhere") {
        config.environment.chat_url = "https://chat.example.org";
        CHECK_THAT(network_options(config), FailsWith(ErrorCode::unsupported));
    }
    SECTION("no PEM") {
        config.environment.ca_pem = "x";
        CHECK_THAT(network_options(config), FailsWith(ErrorCode::invalid_argument));
    }
    SECTION("PEM of nothing") {
        config.environment.ca_pem = "-----BEGIN CERTIFICATE----------END CERTIFICATE-----";
        CHECK_THAT(network_options(config), FailsWith(ErrorCode::invalid_argument));
    }
}

v1::DownloadRequest download(std::uint32_t cdn, const std::string& key) {
    v1::DownloadRequest request;
    request.set_cdn_number(cdn);
    request.set_cdn_key(key);
    request.set_max_bytes(1000);
    return request;
}

TEST_CASE("download: builds the address from number and key", "[courier][download]") {
    const auto& environment = custom().environment;
    CHECK(*download_url(environment, download(3, "aB3-_x")) ==
          "https://localhost:4434/cdn3/attachments/aB3-_x");
    v1::DownloadRequest by_id = download(0, "");
    by_id.set_cdn_id(18'446'744'073'709'551'615U);
    CHECK(*download_url(environment, by_id) ==
          "https://localhost:4433/attachments/18446744073709551615");
}

TEST_CASE("download: a key that could lead elsewhere is refused", "[courier][download]") {
    const std::string key =
        GENERATE(as<std::string>{}, "", ".", "..", "a/b", "../x", "a?b", "a#b", "a%2fb", "a b",
                 "a\r\nb", "a@b", "a:b", "\xc3\xa9", std::string(257, 'a'));
    CHECK_THAT(download_url(custom().environment, download(3, key)),
               FailsWith(ErrorCode::invalid_argument));
}

TEST_CASE("download: an unknown number or no limit is refused", "[courier][download]") {
    CHECK_THAT(download_url(custom().environment, download(1, "a")),
               FailsWith(ErrorCode::invalid_argument));
    v1::DownloadRequest request = download(3, "a");
    request.set_max_bytes(0);
    CHECK_THAT(download_url(custom().environment, request), FailsWith(ErrorCode::invalid_argument));
}

}  // namespace
}  // namespace nacre::courier
