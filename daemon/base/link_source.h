// LinkSource: where the next link to the other process comes from.
//
// Layer:   daemon/base. Nothing here connects: the courier's connecting variant is
//          daemon/courier/link_connector.h, so that vaultd does not contain it.
// Errors:  canceled when `stop_fd` became readable or nacred is gone: end. permission_denied never
//          reaches the caller: a peer with the wrong uid is closed, and waiting goes on.
// Threads: one caller.
//
// A new link replaces the one before. So main's loop is: next(), open a Channel on it (closing the
// old one), next() again.
#pragma once

#include <sys/types.h>

#include <memory>
#include <vector>

#include "daemon/base/descriptor.h"
#include "daemon/base/listen_fds.h"
#include "daemon/base/supervision.h"

namespace nacre::daemon {

class LinkSource {
public:
    virtual ~LinkSource() = default;
    // Blocks until there is a new link.
    virtual Result<Descriptor> next(int stop_fd) = 0;
};

// Links that nacred makes and sends. Borrows the control socket.
class ControlLinkSource final : public LinkSource {
public:
    explicit ControlLinkSource(int control) : control_{control} {}
    Result<Descriptor> next(int stop_fd) override;

private:
    int control_;
};

// Links accepted from a listening socket (system mode, vaultd), of these uids only.
class ListenerLinkSource final : public LinkSource {
public:
    ListenerLinkSource(Descriptor listener, std::vector<uid_t> allowed)
        : listener_{std::move(listener)}, allowed_{std::move(allowed)} {}
    Result<Descriptor> next(int stop_fd) override;

private:
    Descriptor listener_;
    std::vector<uid_t> allowed_;
};

// vaultd's: nacred's control socket if there is one, else the listening socket `link`.
// not_found when there is neither.
Result<std::unique_ptr<LinkSource>> vault_link_source(const Supervision& supervision,
                                                      ListenFds& listen_fds,
                                                      std::vector<uid_t> allowed);

}  // namespace nacre::daemon
