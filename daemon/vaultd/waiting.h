// Waiting: whether an envelope may be somewhere that this vault has not taken in, as far as the courier
// can be believed.
//
// Layer:   daemon/vaultd.
// Secrets: none.
// Threads: any.
#pragma once

#include <atomic>
#include <cstddef>

#include "nacre/courier/v1/link.pb.h"

namespace nacre::vaultd {

class Waiting {
public:
    // A new link: nobody knows.
    void forget() { none_ = false; }
    // Whether it is news that nothing waits, neither at the server nor in the spool.
    bool told(const courier::v1::SpoolStatus& status) {
        const bool none = status.queue_empty() && status.waiting() == 0;
        return !none_.exchange(none) && none;
    }
    // `backlog`: records that have come over the link and are not committed.
    bool any(std::size_t backlog) const { return !none_ || backlog > 0; }

private:
    std::atomic<bool> none_ = false;
};

}  // namespace nacre::vaultd
