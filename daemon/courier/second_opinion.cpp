#include "daemon/courier/second_opinion.h"

#include "api/base/log.h"
#include "daemon/courier/https.h"

namespace nacre::courier {
namespace {

constexpr long kTimeoutS = 20;
constexpr long kUnauthorized = 401;
constexpr long kForbidden = 403;

std::size_t discard(char*, std::size_t, std::size_t count, void*) { return count; }

int stop_requested(void* stop, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return *static_cast<const std::atomic<bool>*>(stop) ? 1 : 0;
}

}  // namespace

SecondOpinion::~SecondOpinion() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
}

void SecondOpinion::ask(const signal::Login& login, std::function<void(bool known)> answer) {
    if (thread_.joinable()) thread_.join();
    thread_ = std::thread{[this, login, answer = std::move(answer)] {
        const bool is_known = known(login);
        if (!stop_) answer(is_known);
    }};
}

bool SecondOpinion::known(const signal::Login& login) const {
    const CurlHandle curl =
        https_get(environment_, proxy_, environment_.chat_url + "/v1/accounts/whoami");
    if (!curl) return true;
    curl_easy_setopt(curl.get(), CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
    curl_easy_setopt(curl.get(), CURLOPT_USERNAME, login.username.c_str());
    curl_easy_setopt(curl.get(), CURLOPT_PASSWORD, login.password.c_str());
    curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT, kTimeoutS);
    curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, discard);
    curl_easy_setopt(curl.get(), CURLOPT_XFERINFOFUNCTION, stop_requested);
    curl_easy_setopt(curl.get(), CURLOPT_XFERINFODATA, &stop_);
    curl_easy_setopt(curl.get(), CURLOPT_NOPROGRESS, 0L);
    const CURLcode code = curl_easy_perform(curl.get());
    long status = 0;
    curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
    log::write(log::Level::notice, "asked whether the server knows this device",
               {log::field("status", code == CURLE_OK ? status : 0)});
    return code != CURLE_OK || (status != kUnauthorized && status != kForbidden);
}

}  // namespace nacre::courier
