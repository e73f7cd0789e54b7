#include "daemon/courier/https.h"

#include "daemon/courier/user_agent.h"

namespace nacre::courier {
namespace {

constexpr long kConnectTimeoutS = 30;

}  // namespace

CurlHandle https_get(const config::Environment& environment, const config::Proxy& proxy,
                     const std::string& url) {
    CurlHandle curl{curl_easy_init()};
    if (!curl) return nullptr;
    curl_blob roots{const_cast<char*>(environment.ca_pem.data()), environment.ca_pem.size(),
                    CURL_BLOB_NOCOPY};
    const auto set = [&curl](CURLoption option, auto value) {
        return curl_easy_setopt(curl.get(), option, value) == CURLE_OK;
    };
    const char* const no_path = nullptr;
    // An empty proxy and no-proxy list: the environment's variables must not decide either.
    const bool done =
        set(CURLOPT_URL, url.c_str()) && set(CURLOPT_PROTOCOLS_STR, "https") &&
        set(CURLOPT_FOLLOWLOCATION, 0L) && set(CURLOPT_NOSIGNAL, 1L) &&
        set(CURLOPT_PROXY, proxy.url.c_str()) && set(CURLOPT_NOPROXY, "") &&
        set(CURLOPT_CAINFO, no_path) && set(CURLOPT_CAPATH, no_path) &&
        set(CURLOPT_CAINFO_BLOB, &roots) && set(CURLOPT_SSL_VERIFYPEER, 1L) &&
        set(CURLOPT_SSL_VERIFYHOST, 2L) &&
        set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2)) &&
        set(CURLOPT_CONNECTTIMEOUT, kConnectTimeoutS) &&
        set(CURLOPT_USERAGENT, user_agent().c_str());
    return done ? std::move(curl) : nullptr;
}

Error error_of(CURLcode code) {
    switch (code) {
        case CURLE_OPERATION_TIMEDOUT: return {ErrorCode::timed_out, "https"};
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_CACERT_BADFILE:
        case CURLE_SSL_ISSUER_ERROR: return {ErrorCode::rejected, "https: certificate"};
        case CURLE_FILESIZE_EXCEEDED: return {ErrorCode::resource_exhausted, "https: size"};
        default: return {ErrorCode::unavailable, "https"};
    }
}

}  // namespace nacre::courier
