// Download: files from the content servers, by number and key, never by address.
//
// Layer:   daemon/courier, over https.h.
// Secrets: none: what lies there is encrypted for the vault.
// Errors:  invalid_argument for a key or number that is none; not_found; rejected (certificate,
//          redirect, status); resource_exhausted over max_bytes; timed_out, unavailable, canceled.
// Threads: a thread for each download, at most kMostDownloads; all functions from any thread.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "api/base/bytes.h"
#include "api/base/result.h"
#include "daemon/config/config.h"
#include "nacre/courier/v1/link.pb.h"

namespace nacre::courier {

inline constexpr std::size_t kMostDownloads = 4;
inline constexpr std::size_t kChunkBytes = std::size_t{128} << 10;

// https://…/attachments/<key>; the key's characters are unreserved ones, so that none of it can
// lead elsewhere.
Result<std::string> download_url(const config::Environment& environment,
                                 const v1::DownloadRequest& request);

class Downloads {
public:
    // False: nobody takes it any more.
    using OnChunk = std::function<bool(ByteView data, bool last)>;
    using OnFailed = std::function<void(const Error& error)>;

    explicit Downloads(const config::Config& config);
    // Ends those under way with canceled.
    ~Downloads();
    Downloads(const Downloads&) = delete;
    Downloads& operator=(const Downloads&) = delete;

    // Either `on_chunk` with last or `on_failed` comes last, on its thread. Sends no more
    // bytes than credit() allows. An error: neither comes.
    Result<void> start(std::uint64_t id, const v1::DownloadRequest& request, OnChunk on_chunk,
                       OnFailed on_failed);
    void credit(std::uint64_t id, std::uint64_t bytes);
    void cancel(std::uint64_t id);
    // The link is gone.
    void cancel_all();

private:
    struct Transfer;

    void reap();
    void run(Transfer& transfer);

    config::Environment environment_;
    config::Proxy proxy_;
    std::mutex mutex_;
    std::list<std::unique_ptr<Transfer>> transfers_;
};

}  // namespace nacre::courier
