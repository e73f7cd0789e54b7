#include "daemon/config/url.h"

#include <algorithm>
#include <charconv>

namespace nacre::config {
namespace {

bool letter_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// A DNS name or an IPv4 address; IPv6 addresses in brackets.
bool valid_host(std::string_view host) {
    if (host.empty() || host.size() > 253) return false;
    if (host.front() == '[') {
        return host.size() > 2 && host.back() == ']' &&
               std::all_of(host.begin() + 1, host.end() - 1, [](char c) {
                   return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') ||
                          (c >= 'A' && c <= 'F') || c == ':' || c == '.';
               });
    }
    return host.front() != '.' && host.front() != '-' &&
           std::all_of(host.begin(), host.end(),
                       [](char c) { return letter_or_digit(c) || c == '.' || c == '-'; });
}

bool valid_port(std::string_view port) {
    unsigned number = 0;
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
    return error == std::errc{} && end == port.data() + port.size() && number >= 1 &&
           number <= 65535;
}

enum class Port : bool { optional, required };

bool valid_authority(std::string_view authority, Port port) {
    const std::size_t colon = authority.rfind(':');
    const std::size_t bracket = authority.rfind(']');
    const bool has_port = colon != authority.npos && (bracket == authority.npos || colon > bracket);
    if (!has_port) return port == Port::optional && valid_host(authority);
    return valid_host(authority.substr(0, colon)) && valid_port(authority.substr(colon + 1));
}

bool valid_path(std::string_view path) {
    return path.empty() ||
           (path.back() != '/' && path.find("//") == path.npos && path.find("..") == path.npos &&
            std::all_of(path.begin(), path.end(), [](char c) {
                return letter_or_digit(c) || c == '/' || c == '.' || c == '-' || c == '_' ||
                       c == '~';
            }));
}

bool take_scheme(std::string_view& url, std::string_view scheme) {
    if (!url.starts_with(scheme)) return false;
    url.remove_prefix(scheme.size());
    return true;
}

}  // namespace

bool valid_https_url(std::string_view url) {
    if (!take_scheme(url, "https://")) return false;
    const std::size_t slash = std::min(url.find('/'), url.size());
    return valid_authority(url.substr(0, slash), Port::optional) && valid_path(url.substr(slash));
}

bool valid_proxy_url(std::string_view url) {
    return take_scheme(url, "socks5h://") && valid_authority(url, Port::required);
}

std::uint16_t port_of(std::string_view url) {
    std::uint16_t port = 443;
    url.remove_prefix(std::min(url.find("://") + 3, url.size()));
    const std::string_view authority = url.substr(0, url.find('/'));
    const std::size_t colon = authority.rfind(':');
    const std::size_t bracket = authority.rfind(']');
    if (colon != authority.npos && (bracket == authority.npos || colon > bracket))
        std::from_chars(authority.data() + colon + 1, authority.data() + authority.size(), port);
    return port;
}

}  // namespace nacre::config
