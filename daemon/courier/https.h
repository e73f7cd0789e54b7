// Https: the one way in which libcurl is used here: TLS under the configured roots alone, through
// the configured proxy or none, no redirects, nothing from the environment's variables.
//
// Layer:   daemon/courier. Included by the files that use libcurl, and by no header of theirs.
// Secrets: none.
// Errors:  null when libcurl refuses an option.
// Threads: a handle has one owner. `environment` and `proxy` must outlive it: not copied.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <string>

#include "api/base/error.h"
#include "daemon/config/config.h"

namespace nacre::courier {

struct FreeCurl {
    void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
};

using CurlHandle = std::unique_ptr<CURL, FreeCurl>;

CurlHandle https_get(const config::Environment& environment, const config::Proxy& proxy,
                     const std::string& url);

// timed_out, rejected (certificate), resource_exhausted (size), else unavailable.
Error error_of(CURLcode code);

}  // namespace nacre::courier
