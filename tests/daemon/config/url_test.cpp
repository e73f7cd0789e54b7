#include "daemon/config/url.h"

#include <catch2/catch_test_macros.hpp>

using namespace nacre::config;

TEST_CASE("url: https addresses with host, port and path", "[config][url]") {
    CHECK(valid_https_url("https://chat.signal.org"));
    CHECK(valid_https_url("https://localhost:4433"));
    CHECK(valid_https_url("https://127.0.0.1:1/cdn3"));
    CHECK(valid_https_url("https://[::1]:443/a/b"));
    CHECK(valid_https_url("https://[::1]"));
    for (const char* bad : {"",
                            "https://",
                            "http://chat.signal.org",
                            "wss://chat.signal.org",
                            "https:///path",
                            "https://host/",
                            "https://host//a",
                            "https://host/a/../b",
                            "https://user@host",
                            "https://user:password@host",
                            "https://host:0",
                            "https://host:65536",
                            "https://host:",
                            "https://host:12x",
                            "https://host?query",
                            "https://host/a?b",
                            "https://host/a#b",
                            "https://ho st",
                            "https://host\n",
                            "https://.host",
                            "https://-host",
                            "https://[::1",
                            "https://[]",
                            "https://[x]",
                            "HTTPS://host"}) {
        CAPTURE(bad);
        CHECK_FALSE(valid_https_url(bad));
    }
}

TEST_CASE("url: a proxy resolves names itself and takes no password", "[config][url]") {
    CHECK(valid_proxy_url("socks5h://127.0.0.1:9050"));
    CHECK(valid_proxy_url("socks5h://[::1]:9050"));
    for (const char* bad : {"socks5://127.0.0.1:9050", "socks5h://127.0.0.1",
                            "http://127.0.0.1:8080", "socks5h://user:password@127.0.0.1:9050",
                            "socks5h://127.0.0.1:9050/", "socks5h://:9050", "127.0.0.1:9050"}) {
        CAPTURE(bad);
        CHECK_FALSE(valid_proxy_url(bad));
    }
}

TEST_CASE("url: the port that it means", "[config][url]") {
    CHECK(port_of("https://chat.example") == 443);
    CHECK(port_of("https://chat.example/path:80") == 443);
    CHECK(port_of("https://chat.example:8443/path") == 8443);
    CHECK(port_of("https://[::1]") == 443);
    CHECK(port_of("https://[::1]:8443") == 8443);
    CHECK(port_of("socks5h://127.0.0.1:9050") == 9050);
}
