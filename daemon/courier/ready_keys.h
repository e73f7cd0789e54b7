// ReadyKeys: uploads of one-time pre-keys that the vault has left, one file each, oldest first.
//
// Layer:   daemon/courier.
// Secrets: none: public keys. Their private halves are in the vault, durable before these came.
// Errors:  of the folder; resource_exhausted when there are enough.
// Threads: all functions from any.
#pragma once

#include <array>
#include <deque>
#include <memory>
#include <mutex>

#include "daemon/courier/state_file.h"
#include "nacre/courier/v1/link.pb.h"

namespace nacre::courier {

class ReadyKeys {
public:
    static constexpr std::size_t kMostUploads = 4;  // of an identity
    static constexpr std::size_t kMostBytes = std::size_t{900} << 10;

    static Result<std::unique_ptr<ReadyKeys>> open(const StateFolder& state);

    // Durable on return.
    Result<void> add(v1::IdentityKind identity, ByteView body);
    // The oldest. It is gone from the disk before it is given: keys that may have been handed out
    // must not be handed out again.
    Result<std::optional<Bytes>> take(v1::IdentityKind identity);
    Result<void> clear(v1::IdentityKind identity);
    // For another account: neither files nor their numbers tell that there was one.
    Result<void> forget();
    std::size_t count(v1::IdentityKind identity) const;

private:
    struct Key {
        v1::IdentityKind identity = v1::IDENTITY_KIND_UNSPECIFIED;
        std::uint64_t number = 0;
        std::string name() const;
    };

    explicit ReadyKeys(StateFolder folder) : folder_{std::move(folder)} {}
    Result<void> list();

    StateFolder folder_;
    mutable std::mutex mutex_;
    std::deque<Key> keys_;  // by number
    std::uint64_t next_ = 1;
};

}  // namespace nacre::courier
