// ReaderPool: a few read-only connections, opened when first needed, lent one at a time.
//
// Layer:   vault, for vault.cpp.
// Secrets: keeps the database subkey in the arena.
// Errors:  those of Database::open.
// Threads: any.
#pragma once

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <vector>

#include "api/base/result.h"
#include "sandbox/secret.h"
#include "vault/vault.h"

namespace nacre::vault {

class ReaderPool {
public:
    static constexpr std::size_t kReaders = 4;

    ReaderPool(std::filesystem::path database, Secret<32> key)
        : path_{std::move(database)}, key_{std::move(key)} {}

    Result<ReaderLease> lend();

    // For the page cache of each reader opened from now on.
    void cap_cache(std::size_t kib) { cache_kib_ = kib; }

private:
    friend class ReaderLease;
    void give_back(Database* database);

    std::filesystem::path path_;
    Secret<32> key_;
    std::mutex mutex_;
    std::condition_variable returned_;
    std::atomic<std::size_t> cache_kib_{4096};
    std::size_t lent_ = 0;
    std::vector<std::unique_ptr<Database>> all_;
    std::vector<Database*> idle_;
};

}  // namespace nacre::vault
