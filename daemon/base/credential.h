// Credential: what systemd hands over as files in $CREDENTIALS_DIRECTORY.
//
// Layer:   daemon/base. Names in use: nacre.unlock (vaultd), nacre.login (courier).
// Secrets: their bytes; here they are not looked at.
// Errors:  not_found: there is none of this name; as os_error says.
// Threads: open_credential() reads the environment: before threads.
#pragma once

#include "daemon/base/descriptor.h"

namespace nacre::daemon {

inline constexpr char kCredentialsVariable[] = "CREDENTIALS_DIRECTORY";
inline constexpr char kUnlockCredential[] = "nacre.unlock";
inline constexpr char kLoginCredential[] = "nacre.login";
inline constexpr std::size_t kMostLoginCredential = std::size_t{16} << 10;
// Under which nacred hands kLoginCredential to the courier.
inline constexpr char kLoginCredentialFd[] = "login-credential";

Result<Descriptor> open_credential(const char* name);

// A copy in memory that nobody can change any more, of all of the file or its first `most` bytes. The
// kernel copies; this process does not see them.
Result<Descriptor> seal_copy(int file, std::size_t most);

}  // namespace nacre::daemon
