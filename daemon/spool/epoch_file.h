// EpochFile: the public half of the current epoch as the courier keeps it, so that it can go on
// sealing after it was started again while the vault is locked.
//
// Layer:   daemon/spool.
// Secrets: none.
// Errors:  bad_message.
// Threads: pure functions.
// Format:  daemon/spool/FORMAT.md, section 5.
#pragma once

#include "daemon/spool/format.h"

namespace nacre::spool {

inline constexpr std::size_t kEpochFileBytes = 52;

struct PublicEpoch {
    std::uint64_t number = 0;
    PublicKey key{};
};

Bytes write_epoch(const PublicEpoch& epoch);
Result<PublicEpoch> parse_epoch(ByteView bytes);

}  // namespace nacre::spool
