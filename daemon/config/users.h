// Users: user ids by name, from /etc/passwd and nowhere else.
//
// Layer:   daemon/config. Not getpwnam: that loads the name service's modules, which open sockets
//          to whatever they are configured for, and vaultd must not.
// Threads: one; before others start (fgetpwent has static storage).
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>

namespace nacre::config {

std::optional<uid_t> find_user(const std::string& name,
                               const std::filesystem::path& passwd = "/etc/passwd");

}  // namespace nacre::config
