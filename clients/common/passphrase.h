// Passphrases on the client's side: asked at the terminal without echo, or read from a descriptor;
// then sent over the secret socket. Never from arguments or the environment.
//
// Layer:   clients/common.
// Secrets: the passphrase, in the arena from the first byte; wiped with its object.
// Errors:  unavailable without a terminal; those of Passphrase; those of connect_unix.
// Threads: one prompt at a time: it changes the terminal and signal handlers.
#pragma once

#include <filesystem>
#include <string_view>

#include "api/base/result.h"
#include "sandbox/secret.h"

namespace nacre::client {

// Shows `question` on the controlling terminal. Its echo is back afterwards, also when a signal
// ends the process meanwhile.
Result<Passphrase> prompt_passphrase(std::string_view question);

// One message to the daemon: the ticket and the passphrase.
Result<void> send_passphrase(const std::filesystem::path& secret_socket, std::string_view ticket,
                             const Passphrase& passphrase);

}  // namespace nacre::client
