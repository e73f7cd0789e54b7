#include "daemon/courier/download.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <utility>

#include "daemon/courier/https.h"

namespace nacre::courier {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t kMostKeyBytes = 256;
constexpr std::uint64_t kMostBytes = std::uint64_t{2} << 30;
constexpr std::chrono::seconds kSilence{60};  // from the server, or from the vault

bool unreserved(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '-' || c == '_' || c == '.' || c == '~';
}

Error error_of_status(long status) {
    if (status == 404 || status == 410) return {ErrorCode::not_found, "download"};
    if (status == 429) return {ErrorCode::rate_limited, "download"};
    if (status >= 500) return {ErrorCode::unavailable, "download: status"};
    return {ErrorCode::rejected, "download: status"};
}

}  // namespace

Result<std::string> download_url(const config::Environment& environment,
                                 const v1::DownloadRequest& request) {
    const auto base = environment.cdn_urls.find(request.cdn_number());
    if (base == environment.cdn_urls.end())
        return Error{ErrorCode::invalid_argument, "download: cdn number"};
    if (request.max_bytes() == 0 || request.max_bytes() > kMostBytes)
        return Error{ErrorCode::invalid_argument, "download: max_bytes"};
    std::string key;
    if (request.key_case() == v1::DownloadRequest::kCdnId && request.cdn_id() != 0)
        key = std::to_string(request.cdn_id());
    else
        key = request.cdn_key();
    if (key.empty() || key.size() > kMostKeyBytes || key == "." || key == ".." ||
        !std::ranges::all_of(key, unreserved))
        return Error{ErrorCode::invalid_argument, "download: key"};
    return base->second + "/attachments/" + key;
}

struct Downloads::Transfer {
    std::uint64_t id = 0;
    std::string url;
    std::uint64_t most = 0;
    OnChunk on_chunk;
    OnFailed on_failed;

    std::mutex mutex;
    std::condition_variable changed;
    std::uint64_t credit = 0;
    bool canceled = false;

    Bytes pending;  // received, not yet a whole chunk
    std::uint64_t received = 0;
    std::optional<Error> refused;  // why we stopped it
    steady_clock::time_point last_progress = steady_clock::now();
    CURL* curl = nullptr;

    std::atomic<bool> ended{false};
    std::thread thread;

    bool is_canceled() {
        const std::lock_guard lock{mutex};
        return canceled;
    }
    bool take(ByteView data);
    bool send_chunk(bool last);
    bool wait_for_credit(std::size_t bytes);
    bool configure();
    Result<void> fetch();
};

// Bytes from libcurl. False ends the transfer.
bool Downloads::Transfer::take(ByteView data) {
    last_progress = steady_clock::now();
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    if (status != 200) return true;  // an error's body; nobody reads it
    received += data.size();
    if (received > most) {
        refused = Error{ErrorCode::resource_exhausted, "download: larger than asked for"};
        return false;
    }
    while (!data.empty()) {
        const std::size_t part = std::min(data.size(), kChunkBytes - pending.size());
        const ByteView taken = data.first(part);
        pending.insert(pending.end(), taken.begin(), taken.end());
        data = data.subspan(part);
        if (pending.size() == kChunkBytes && !send_chunk(false)) return false;
    }
    return true;
}

bool Downloads::Transfer::send_chunk(bool last) {
    if (!wait_for_credit(pending.size())) return false;
    if (!on_chunk(pending, last)) {
        refused = Error{ErrorCode::canceled, "download"};
        return false;
    }
    pending.clear();
    return true;
}

bool Downloads::Transfer::wait_for_credit(std::size_t bytes) {
    std::unique_lock lock{mutex};
    const bool came =
        changed.wait_for(lock, kSilence, [&] { return canceled || credit >= bytes; });
    last_progress = steady_clock::now();
    if (canceled || !came) {
        refused = canceled ? Error{ErrorCode::canceled, "download"}
                           : Error{ErrorCode::timed_out, "download: no credit"};
        return false;
    }
    credit -= bytes;
    return true;
}

bool Downloads::Transfer::configure() {
    const auto on_data = +[](char* data, std::size_t, std::size_t count, void* self) {
        const bool taken = static_cast<Transfer*>(self)->take(as_bytes({data, count}));
        return taken ? count : std::size_t{0};
    };
    const auto on_progress = +[](void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
        auto& transfer = *static_cast<Transfer*>(self);
        if (transfer.is_canceled())
            transfer.refused = Error{ErrorCode::canceled, "download"};
        else if (steady_clock::now() - transfer.last_progress > kSilence)
            transfer.refused = Error{ErrorCode::timed_out, "download: silence"};
        return transfer.refused ? 1 : 0;
    };
    const auto set = [this](CURLoption option, auto value) {
        return curl_easy_setopt(curl, option, value) == CURLE_OK;
    };
    return set(CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(most)) &&
           set(CURLOPT_WRITEFUNCTION, on_data) && set(CURLOPT_WRITEDATA, this) &&
           set(CURLOPT_XFERINFOFUNCTION, on_progress) && set(CURLOPT_XFERINFODATA, this) &&
           set(CURLOPT_NOPROGRESS, 0L);
}

Result<void> Downloads::Transfer::fetch() {
    const CURLcode code = curl_easy_perform(curl);
    if (refused) return *refused;
    if (code != CURLE_OK) return error_of(code);
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    if (status != 200) return error_of_status(status);
    if (!send_chunk(true)) return *refused;
    return {};
}

Downloads::Downloads(const config::Config& config)
    : environment_{config.environment}, proxy_{config.proxy} {}

Downloads::~Downloads() {
    cancel_all();
    for (auto& transfer : transfers_) transfer->thread.join();
}

Result<void> Downloads::start(std::uint64_t id, const v1::DownloadRequest& request,
                              OnChunk on_chunk, OnFailed on_failed) {
    auto transfer = std::make_unique<Transfer>();
    transfer->id = id;
    transfer->url = NACRE_TRY(download_url(environment_, request));
    transfer->most = request.max_bytes();
    transfer->on_chunk = std::move(on_chunk);
    transfer->on_failed = std::move(on_failed);
    const std::lock_guard lock{mutex_};
    reap();
    if (transfers_.size() >= kMostDownloads)
        return Error{ErrorCode::resource_exhausted, "too many downloads at once"};
    Transfer* started = transfer.get();
    transfers_.push_back(std::move(transfer));
    started->thread = std::thread{[this, started] { run(*started); }};
    return {};
}

void Downloads::run(Transfer& transfer) {
    const CurlHandle curl = https_get(environment_, proxy_, transfer.url);
    transfer.curl = curl.get();
    Result<void> done = Error{ErrorCode::internal, "libcurl"};
    if (curl && transfer.configure()) done = transfer.fetch();
    if (!done.ok()) transfer.on_failed(done.error());
    transfer.ended = true;
}

// Those that have ended.
void Downloads::reap() {
    for (auto each = transfers_.begin(); each != transfers_.end();) {
        if (!(*each)->ended) {
            ++each;
            continue;
        }
        (*each)->thread.join();
        each = transfers_.erase(each);
    }
}

void Downloads::credit(std::uint64_t id, std::uint64_t bytes) {
    const std::lock_guard lock{mutex_};
    for (auto& transfer : transfers_) {
        if (transfer->id != id) continue;
        const std::lock_guard inner{transfer->mutex};
        transfer->credit = std::min(kMostBytes, transfer->credit + std::min(kMostBytes, bytes));
        transfer->changed.notify_all();
    }
}

void Downloads::cancel(std::uint64_t id) {
    const std::lock_guard lock{mutex_};
    for (auto& transfer : transfers_) {
        if (transfer->id != id) continue;
        const std::lock_guard inner{transfer->mutex};
        transfer->canceled = true;
        transfer->changed.notify_all();
    }
}

void Downloads::cancel_all() {
    const std::lock_guard lock{mutex_};
    for (auto& transfer : transfers_) {
        const std::lock_guard inner{transfer->mutex};
        transfer->canceled = true;
        transfer->changed.notify_all();
    }
}

}  // namespace nacre::courier
