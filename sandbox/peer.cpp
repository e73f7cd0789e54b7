#include "sandbox/peer.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

namespace nacre {

Result<Peer> read_peer(int socket) {
    ucred credentials{};
    socklen_t length = sizeof credentials;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0) {
        return os_error("read peer", errno);
    }
    return Peer{credentials.pid, credentials.uid, credentials.gid};
}

namespace {

// The supplementary ones; empty where the kernel does not tell.
std::vector<gid_t> groups_of(int socket) {
    std::vector<gid_t> groups(64);
    for (;;) {
        socklen_t length = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
        const int status = getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &length);
        if (status != 0 && errno != ERANGE) return {};
        const bool fits = status == 0;
        groups.resize(length / sizeof(gid_t));
        if (fits) return groups;
    }
}

bool is_one_of(gid_t group, std::span<const gid_t> groups) {
    return std::find(groups.begin(), groups.end(), group) != groups.end();
}

}  // namespace

Result<Peer> check_peer(int socket, std::span<const uid_t> allowed,
                        std::span<const gid_t> groups) {
    const Peer peer = NACRE_TRY(read_peer(socket));
    if (peer.uid == geteuid()) return peer;
    if (std::find(allowed.begin(), allowed.end(), peer.uid) != allowed.end()) return peer;
    if (!groups.empty()) {
        if (is_one_of(peer.gid, groups)) return peer;
        for (const gid_t group : groups_of(socket)) {
            if (is_one_of(group, groups)) return peer;
        }
    }
    return Error{ErrorCode::permission_denied, "check peer"};
}

}  // namespace nacre
