#include "daemon/courier/outward.h"

#include <charconv>
#include <optional>
#include <string_view>

#include "daemon/courier/user_agent.h"

namespace nacre::courier {
namespace {

constexpr std::uint16_t kHttpsPort = 443;
constexpr std::string_view kLocalhost = "localhost";

// Host and port of scheme://host[:port][/path]; the configuration has checked the form.
std::optional<egress::Endpoint> endpoint_of(std::string_view url, std::uint16_t default_port) {
    const std::size_t scheme = url.find("://");
    if (scheme == std::string_view::npos) return std::nullopt;
    std::string_view place = url.substr(scheme + 3);
    place = place.substr(0, place.find('/'));
    std::uint16_t port = default_port;
    const std::size_t colon = place.rfind(':');
    if (colon != std::string_view::npos && place.find(']', colon) == std::string_view::npos) {
        const char* end = place.data() + place.size();
        const auto parsed = std::from_chars(place.data() + colon + 1, end, port);
        if (parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
        place = place.substr(0, colon);
    }
    if (place.size() > 2 && place.front() == '[' && place.back() == ']')
        place = place.substr(1, place.size() - 2);
    if (place.empty() || port == 0) return std::nullopt;
    return egress::Endpoint{std::string{place}, port};
}

std::string_view scheme_of(std::string_view url) { return url.substr(0, url.find("://")); }

// The first certificate of a PEM file.
Result<Bytes> der_from(std::string_view pem) {
    constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----";
    constexpr std::string_view kEnd = "-----END CERTIFICATE-----";
    const std::size_t begin = pem.find(kBegin);
    const std::size_t end = pem.find(kEnd, begin == std::string_view::npos ? 0 : begin);
    if (begin == std::string_view::npos || end == std::string_view::npos)
        return Error{ErrorCode::invalid_argument, "CA is not a PEM certificate"};
    std::string base64;
    for (const char c : pem.substr(begin + kBegin.size(), end - begin - kBegin.size()))
        if (c != '\n' && c != '\r' && c != ' ') base64.push_back(c);
    Bytes der;
    if (!from_base64(base64, der) || der.empty())
        return Error{ErrorCode::invalid_argument, "CA is not a PEM certificate"};
    return der;
}

Result<signal::LocalService> local_service(const config::Environment& environment) {
    const auto chat = endpoint_of(environment.chat_url, kHttpsPort);
    if (!chat || chat->host != kLocalhost)
        return Error{ErrorCode::unsupported, "a custom chat service is on localhost only"};
    return signal::LocalService{chat->port, NACRE_TRY(der_from(environment.ca_pem))};
}

void add_host(egress::AllowList& list, const std::string& url) {
    const auto endpoint = endpoint_of(url, kHttpsPort);
    if (!endpoint) return;
    list.hosts.push_back(*endpoint);
    if (endpoint->host != kLocalhost) return;
    list.hosts.push_back({"127.0.0.1", endpoint->port});
    list.hosts.push_back({"::1", endpoint->port});
}

}  // namespace

Result<signal::NetworkOptions> network_options(const config::Config& config) {
    signal::NetworkOptions options;
    options.user_agent = user_agent();
    if (config.environment.name == "custom")
        options.service = NACRE_TRY(local_service(config.environment));
    else if (config.environment.name == "staging")
        options.service = signal::Service::staging;
    else
        options.service = signal::Service::production;
    if (config.proxy.url.empty()) return options;
    const auto proxy = endpoint_of(config.proxy.url, 1080);
    if (!proxy) return Error{ErrorCode::invalid_argument, "proxy url"};
    options.proxy = signal::Proxy{std::string{scheme_of(config.proxy.url)}, proxy->host,
                                  proxy->port, {}, {}};
    return options;
}

egress::AllowList allow_list(const config::Config& config, std::vector<std::string> unix_paths) {
    egress::AllowList list;
    list.unix_paths = std::move(unix_paths);
    if (!config.proxy.url.empty()) {
        if (const auto proxy = endpoint_of(config.proxy.url, 1080)) list.proxies.push_back(*proxy);
        return list;
    }
    if (config.proxy.required) return list;
    const config::Environment& environment = config.environment;
    add_host(list, environment.chat_url);
    // libsignal's own name for the same service.
    if (environment.name != "custom")
        if (const auto chat = endpoint_of(environment.chat_url, kHttpsPort))
            list.hosts.push_back({"grpc." + chat->host, chat->port});
    add_host(list, environment.storage_url);
    for (const auto& [number, url] : environment.cdn_urls) add_host(list, url);
    return list;
}

}  // namespace nacre::courier
