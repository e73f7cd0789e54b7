// LoginCredential: the courier's login as a file for systemd-creds, so that the courier connects
// after a reboot without the vault. vaultd writes it, the owner encrypts it, the courier reads it.
//
// Layer:   daemon/link.
// Secrets: the device password.
// Errors:  bad_message: not what was written; resource_exhausted: too large.
// Threads: pure.
// Format:  "nacre login 1", a line feed, a LoginRequest of link.proto. At most 16 KiB.
#pragma once

#include <string>

#include "api/base/bytes.h"
#include "api/base/result.h"
#include "nacre/courier/v1/link.pb.h"

namespace nacre::link {

Result<std::string> write_login_credential(const courier::v1::LoginRequest& login);
// What it says is not judged here.
Result<courier::v1::LoginRequest> parse_login_credential(ByteView bytes);

}  // namespace nacre::link
