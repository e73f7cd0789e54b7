// Users: user and group ids by name, from /etc/passwd and /etc/group and nowhere else.
//
// Layer:   daemon/config. Not getpwnam: that loads the name service's modules, which open sockets
//          to whatever they are configured for, and vaultd must not.
// Threads: one; before others start (fgetpwent and fgetgrent have static storage).
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace nacre::config {

std::optional<uid_t> find_user(const std::string& name,
                               const std::filesystem::path& passwd = "/etc/passwd");
std::optional<gid_t> find_group(const std::string& name,
                                const std::filesystem::path& group = "/etc/group");
// Whose supplementary groups are among these, as the files are now.
std::vector<uid_t> members_of(std::span<const gid_t> groups,
                              const std::filesystem::path& group = "/etc/group",
                              const std::filesystem::path& passwd = "/etc/passwd");

}  // namespace nacre::config
