#include "daemon/config/wire_environment.h"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace nacre::config {
namespace {

std::vector<std::string> sorted_cdn_urls(const courier::v1::Environment& environment) {
    std::vector<std::string> urls{environment.cdn_urls().begin(), environment.cdn_urls().end()};
    std::sort(urls.begin(), urls.end());
    return urls;
}

}  // namespace

courier::v1::Environment wire_environment(const Config& config) {
    const Environment& from = config.environment;
    courier::v1::Environment made;
    made.set_name(from.name);
    made.set_chat_url(from.chat_url);
    made.set_storage_url(from.storage_url);
    for (const auto& [number, url] : from.cdn_urls) {
        made.add_cdn_urls(std::to_string(number) + "=" + url);
    }
    if (from.custom_ca) {
        std::array<std::uint8_t, crypto_hash_sha256_BYTES> hash;
        const ByteView pem = as_bytes(from.ca_pem);
        crypto_hash_sha256(hash.data(), pem.data(), pem.size());
        made.set_ca_sha256(hash.data(), hash.size());
    }
    made.set_proxy_required(config.proxy.required);
    return made;
}

bool same_environment(const courier::v1::Environment& a, const courier::v1::Environment& b) {
    return a.name() == b.name() && a.chat_url() == b.chat_url() &&
           a.storage_url() == b.storage_url() && sorted_cdn_urls(a) == sorted_cdn_urls(b) &&
           a.ca_sha256() == b.ca_sha256() && a.proxy_required() == b.proxy_required();
}

}  // namespace nacre::config
