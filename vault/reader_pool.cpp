#include "vault/reader_pool.h"

namespace nacre::vault {

Result<ReaderLease> ReaderPool::lend() {
    std::unique_lock lock{mutex_};
    returned_.wait(lock, [this] { return lent_ < kReaders; });
    if (idle_.empty()) {
        // Under the lock: happens kReaders times in the life of a vault, 5 ms each.
        auto opened = NACRE_TRY(Database::open(path_, key_, Database::Mode::read_only));
        NACRE_TRY(opened.cap_cache(cache_kib_));
        all_.push_back(std::make_unique<Database>(std::move(opened)));
        idle_.push_back(all_.back().get());
    }
    Database* const database = idle_.back();
    idle_.pop_back();
    ++lent_;
    return ReaderLease{this, database};
}

void ReaderPool::give_back(Database* database) {
    {
        const std::lock_guard lock{mutex_};
        idle_.push_back(database);
        --lent_;
    }
    returned_.notify_one();
}

ReaderLease::ReaderLease(ReaderLease&& other) noexcept
    : pool_{std::exchange(other.pool_, nullptr)}, database_{other.database_} {}

ReaderLease::~ReaderLease() {
    if (pool_ != nullptr) pool_->give_back(database_);
}

}  // namespace nacre::vault
