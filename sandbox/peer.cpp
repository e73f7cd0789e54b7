#include "sandbox/peer.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace nacre {

Result<Peer> read_peer(int socket) {
    ucred credentials{};
    socklen_t length = sizeof credentials;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0) {
        return os_error("read peer", errno);
    }
    return Peer{credentials.pid, credentials.uid, credentials.gid};
}

Result<Peer> check_peer(int socket, std::span<const uid_t> allowed) {
    const Peer peer = NACRE_TRY(read_peer(socket));
    if (peer.uid == geteuid()) return peer;
    if (std::find(allowed.begin(), allowed.end(), peer.uid) != allowed.end()) return peer;
    return Error{ErrorCode::permission_denied, "check peer"};
}

}  // namespace nacre
