// PrivateMounts: a view of the file system in which the sockets of others are not there: the session
// bus and all else in /run/user, the system bus in /run/dbus.
//
// Layer:   sandbox. nacred makes it, for the courier, who goes there before it is executed.
// Secrets: none.
// Errors:  os_error codes; where unprivileged user namespaces are off, there is none to be had.
// Threads: make() and enter() in a process of one thread.
//
// Landlock does not keep a process from connecting to a Unix socket by its path. The courier's filter
// lets it make no such socket; this stands behind it. nacred makes it because its children, under
// Landlock like itself, may mount nothing.
#pragma once

#include <filesystem>
#include <span>

#include "api/base/result.h"

namespace nacre::sandbox {

class PrivateMounts {
public:
    // `needed`: places that must stay; if one is among the hidden, there is nothing to be had.
    // Before harden_process() and restrict_access().
    static Result<PrivateMounts> make(std::span<const std::filesystem::path> needed);

    PrivateMounts(PrivateMounts&& other) noexcept;
    PrivateMounts& operator=(PrivateMounts&&) = delete;
    ~PrivateMounts();

    // For this process and its children. Also a user namespace of its own.
    Result<void> enter() const;

private:
    PrivateMounts(int user, int mounts) : user_{user}, mounts_{mounts} {}

    int user_;
    int mounts_;
};

// Whether this process sees nothing in those folders. Before restrict_access().
bool buses_hidden();

}  // namespace nacre::sandbox
