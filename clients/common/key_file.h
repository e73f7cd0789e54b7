// Key files: a file as the secret of a slot. What counts is its content, to the byte.
//
// Layer:   clients/common.
// Secrets: the file's content passes through a small buffer in the arena; the hash is the secret.
// Errors:  invalid_argument: shorter than 32 bytes, or larger than 64 MiB; already_exists; os_error's.
// Threads: pure.
// Format:  vault/FORMAT.md, section 2.
#pragma once

#include <filesystem>

#include "api/base/bytes.h"
#include "api/base/result.h"
#include "sandbox/secret.h"

namespace nacre::client {

Result<Passphrase> read_key_file(const std::filesystem::path& path);

// A new file, mode 0600, durable.
Result<void> write_secret_file(const std::filesystem::path& path, ByteView bytes);

// A new file of 64 random bytes, mode 0600, durable.
Result<void> make_key_file(const std::filesystem::path& path);
// A new file of 64 random hexadecimal digits, mode 0600, durable, whose bytes are the secret: for
// systemd-creds to encrypt.
Result<Passphrase> make_credential_file(const std::filesystem::path& path);

}  // namespace nacre::client
