// Peer: who is at the other end of an accepted Unix socket.
//
// Layer:   sandbox.
// Errors:  permission_denied for a uid that is not allowed; else as os_error says.
// Threads: pure.
#pragma once

#include <sys/types.h>

#include <span>

#include "api/base/result.h"

namespace nacre {

struct Peer {
    pid_t pid;
    uid_t uid;
    gid_t gid;
};

// SO_PEERCRED: as of the peer's connect() or socketpair().
Result<Peer> read_peer(int socket);

// Fails unless the peer's uid is the process's own or one of `allowed`, or one of its groups, as of
// its connect(), is one of `groups`. The socket file's mode was the kernel's to check before.
Result<Peer> check_peer(int socket, std::span<const uid_t> allowed,
                        std::span<const gid_t> groups = {});

}  // namespace nacre
