// A listening Unix socket of the test's own, as nacred would hand it over.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "daemon/base/descriptor.h"

namespace nacre::tests {

inline sockaddr_un unix_address(const std::filesystem::path& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    return address;
}

inline daemon::Descriptor listen_at(const std::filesystem::path& path) {
    daemon::Descriptor fd{socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    const sockaddr_un address = unix_address(path);
    if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) abort();
    if (listen(fd.get(), 16) != 0) abort();
    return fd;
}

inline daemon::Descriptor connect_to(const std::filesystem::path& path) {
    daemon::Descriptor fd{socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    const sockaddr_un address = unix_address(path);
    if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) abort();
    return fd;
}

}  // namespace nacre::tests
