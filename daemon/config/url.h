// Url: which addresses a configuration file may name.
//
// Layer:   daemon/config.
// Threads: pure.
#pragma once

#include <cstdint>
#include <string_view>

namespace nacre::config {

// https://host[:port][/path], without user, query, fragment or a slash at the end.
bool valid_https_url(std::string_view url);

// socks5h://host:port: names are resolved by the proxy. No user: a password has no place in a file
// that others may read.
bool valid_proxy_url(std::string_view url);

// Of one that is valid; without a port in it, that of https.
std::uint16_t port_of(std::string_view url);

}  // namespace nacre::config
