// Landlock: the paths, TCP ports, abstract sockets and signals that are left to a process.
//
// Layer:   sandbox.
// Secrets: none.
// Errors:  none where the kernel has no Landlock, or an older one: what is missing is in the result.
//          os_error codes where it has it and refuses.
// Threads: binds the calling thread and those that it makes afterwards: call it before any.
#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

#include "api/base/result.h"
#include "sandbox/policy.h"

namespace nacre::sandbox {

// What the places in "<>" of the policy are in this process; a name may come more than once.
struct Place {
    std::string_view name;
    std::filesystem::path path;
};

struct Grants {
    std::vector<Place> places{};
    std::vector<std::uint16_t> tcp_ports{};  // to connect to
    bool abstract_sockets = false;           // even where the policy has none
};

// The kernel's version of Landlock that is in force from now on; 0: none, everything is open.
//   1, 2  paths (1 is not used: with it files could not be moved between folders)
//   3     truncating    4  TCP ports    5  devices' ioctl    6  abstract sockets, signals
constexpr int kNewestLandlock = 7;
// `newest`: as if the kernel knew no more than that, for tests.
Result<int> restrict_access(Process process, const Grants& grants, int newest = kNewestLandlock);

}  // namespace nacre::sandbox
