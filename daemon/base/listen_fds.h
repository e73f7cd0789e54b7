// ListenFds: the descriptors that nacred or systemd started this process with, by name.
//
// Layer:   daemon/base. The convention is systemd's: LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES, first
//          descriptor 3. Names in use: api, secret, lock, link (listening sockets), control,
//          login, login-credential (credential.h).
// Threads: call inherit() once in main, before threads: it changes the environment.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/descriptor.h"

namespace nacre::daemon {

class ListenFds {
public:
    // Makes them close-on-exec and unsets the variables, so that no child takes them for its own.
    // Variables meant for another process, or malformed ones, give no descriptors.
    static ListenFds inherit();

    // Empty when there is none of this name (left).
    Descriptor take(std::string_view name);

private:
    struct Named {
        std::string name;
        Descriptor descriptor;
    };
    std::vector<Named> named_;
};

}  // namespace nacre::daemon
