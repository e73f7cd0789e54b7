#include "clients/common/unix_socket.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace nacre::client {
namespace {

constexpr int kSendBuffer = 32 << 10;  // bytes; the kernel doubles it

}  // namespace

Result<int> connect_unix(const std::filesystem::path& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string& text = path.native();
    if (text.empty() || text.size() >= sizeof address.sun_path) {
        return Error{ErrorCode::invalid_argument, "socket path"};
    }
    std::memcpy(address.sun_path, text.c_str(), text.size() + 1);
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return os_error("socket", errno);
    // What waits there is plaintext that no wipe reaches; a small buffer holds little of it.
    const int size = kSendBuffer;
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
    const int error = errno;
    close(fd);
    if (error == ENOENT || error == ECONNREFUSED || error == ENOTDIR) {
        return Error{ErrorCode::unavailable, "connect", error};
    }
    return os_error("connect", error);
}

}  // namespace nacre::client
