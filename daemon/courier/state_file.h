// StateFolder: small files that must be whole or absent after any crash.
//
// Layer:   daemon/courier. Includes api/base and daemon/base.
// Secrets: none are kept this way.
// Errors:  not_found, else as os_error says.
// Threads: value-like; calls for the same name must not overlap.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "daemon/base/descriptor.h"

namespace nacre::courier {

class StateFolder {
public:
    // Makes the folder (0700) if it is not there; its parent must be.
    static Result<StateFolder> open(const std::filesystem::path& path);

    // A folder within, made if it is not there.
    Result<StateFolder> subfolder(const char* name) const;

    int fd() const { return fd_.get(); }

    // Nothing if there is no such file. resource_exhausted when it is larger than `most`.
    Result<std::optional<Bytes>> read(const char* name, std::size_t most) const;

    // Durable when this returns: written beside, synced, renamed, folder synced.
    Result<void> replace(const std::string& name, ByteView bytes) const;

    // Durable when this returns; fine if it is not there.
    Result<void> remove(const char* name) const;

    // Makes creations, renames and removals in the folder durable.
    Result<void> sync() const;

private:
    explicit StateFolder(daemon::Descriptor fd) : fd_{std::move(fd)} {}
    daemon::Descriptor fd_;
};

}  // namespace nacre::courier
