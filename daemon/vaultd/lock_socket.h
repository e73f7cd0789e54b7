// LockSocket: whoever may connect here and writes one byte locks the vault, and can say nothing else.
//
// The connection then stays open until this process is gone: end of file means that the keys are
// wiped. Where there is nothing to lock, it is closed at once.
//
// Layer:   daemon/vaultd.
// Secrets: none.
// Errors:  only start() fails. Refusals and failing accepts are logged and outlived.
// Threads: one of its own. The listening socket is never shut down; see acceptor.h.
#pragma once

#include <poll.h>

#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "api/base/result.h"
#include "daemon/base/descriptor.h"
#include "daemon/vaultd/acceptor.h"

namespace nacre::vaultd {

class LockSocket {
public:
    struct Vault {
        std::function<bool()> nothing_to_lock;  // nor being locked or opened
        std::function<Result<void>()> lock;
    };
    static Result<std::unique_ptr<LockSocket>> start(daemon::Descriptor listening, PeerRule peers,
                                                     Vault vault);
    // Closes its connections: for tests. The daemon ends with them open.
    ~LockSocket();

private:
    // Those who have written nothing yet; beyond, the one that has waited longest is closed.
    static constexpr std::size_t kMostSilent = 16;

    LockSocket(daemon::Descriptor listening, daemon::Descriptor wake, PeerRule peers, Vault vault);
    void run();
    void accept_one();
    void serve(std::size_t which);

    const daemon::Descriptor listening_;
    const daemon::Descriptor wake_;
    const PeerRule peers_;
    const Vault vault_;
    std::vector<daemon::Descriptor> silent_;
    std::vector<daemon::Descriptor> waiting_;  // for the end of this process
    bool paused_ = false;                      // no descriptors or memory to accept with
    std::thread thread_;
};

}  // namespace nacre::vaultd
