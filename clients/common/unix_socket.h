// connect_unix: one connected stream socket.
//
// Layer:   clients/common.
// Errors:  unavailable: nothing listens there; invalid_argument: the path is too long;
//          permission_denied; io_failed.
// Threads: pure.
#pragma once

#include <filesystem>

#include "api/base/result.h"

namespace nacre::client {

// The caller closes it.
Result<int> connect_unix(const std::filesystem::path& path);

}  // namespace nacre::client
