// LinkConnector: the courier's way to the vault in system mode: it connects, vaultd listens.
//
// Layer:   daemon/courier; kept out of daemon/base so that vaultd contains nothing that connects.
// Errors:  canceled when `stop_fd` became readable. A vault that is not there is waited for.
// Threads: next() has one caller; lost() from any.
#pragma once

#include <filesystem>

#include "daemon/base/link_source.h"

namespace nacre::courier {

class LinkConnector final : public daemon::LinkSource {
public:
    static Result<std::unique_ptr<LinkConnector>> open(const std::filesystem::path& socket);

    // The first time at once, then whenever the link was lost.
    Result<daemon::Descriptor> next(int stop_fd) override;

    void lost();

private:
    LinkConnector(const std::filesystem::path& socket, daemon::Descriptor lost)
        : path_{socket}, lost_{std::move(lost)} {}

    std::filesystem::path path_;
    daemon::Descriptor lost_;  // eventfd
};

}  // namespace nacre::courier
