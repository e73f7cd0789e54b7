// TokenFile: a client's bearer token, in a file that only its user can read.
//
// Layer:   clients/common.
// Secrets: the token, in ordinary memory of a short-lived process.
// Errors:  not_found; permission_denied when others may read it; bad_message when it holds no
//          token; else as os_error says.
// Threads: pure.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "api/base/result.h"

namespace nacre::client {

Result<std::string> read_token(const std::filesystem::path& path);

// Makes the folders (0700) and the file (0600), durable before it returns; replaces the old one
// whole or not at all.
Result<void> write_token(const std::filesystem::path& path, std::string_view token);

}  // namespace nacre::client
