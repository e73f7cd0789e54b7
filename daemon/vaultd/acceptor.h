// Acceptor: takes connections from an inherited listening socket and lets the right peers through.
//
// Layer:   daemon/vaultd.
// Secrets: none; nothing is read here. A refused peer is closed without a byte.
// Errors:  only start() fails. Refusals and failing accepts are logged and outlived.
// Threads: one of its own, on which `take` is called.
//
// The listening socket is never shut down: that would kill it for systemd and for our successor,
// who serves on the same one.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "api/base/result.h"
#include "daemon/base/descriptor.h"

namespace nacre::vaultd {

// Who may connect: the own uid always, and these users and groups (system mode).
struct PeerRule {
    std::vector<uid_t> also;
    std::vector<gid_t> groups = {};
};

class Acceptor {
public:
    // `take` gets connections that are close-on-exec and, with `nonblocking`, that.
    using Take = std::function<void(daemon::Descriptor)>;
    static Result<std::unique_ptr<Acceptor>> start(daemon::Descriptor listening, PeerRule peers,
                                                   bool nonblocking, Take take);
    ~Acceptor() { stop(); }
    void stop();

private:
    Acceptor(daemon::Descriptor listening, daemon::Descriptor wake, PeerRule peers,
             bool nonblocking, Take take);
    void run();
    bool accept_one();

    const daemon::Descriptor listening_;
    const daemon::Descriptor wake_;
    const PeerRule peers_;
    const bool nonblocking_;
    const Take take_;
    std::thread thread_;
};

}  // namespace nacre::vaultd
