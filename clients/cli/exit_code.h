// ExitCode: what the shell gets. Scripts rely on them; so do the numbers of signal-cli, which are
// the same up to 5.
//
// Layer:   clients/cli.
// Threads: pure.
#pragma once

#include "api/base/error.h"

namespace nacre::cli {

enum class ExitCode : int {
    success = 0,
    user_error = 1,          // what was asked cannot be done as asked
    unexpected = 2,          // a bug, or bytes that should not be
    io_error = 3,            // daemon, server, disk
    untrusted_identity = 4,  // a safety number changed
    rate_limited = 5,        // the server asks to wait
    locked = 7,              // the vault needs its passphrase first
};

ExitCode exit_code(ErrorCode code);

// For --help.
inline constexpr char kExitCodeHelp[] =
    "Exit codes:\n"
    "  0  done\n"
    "  1  user error: wrong arguments, passphrase, or nothing by that name\n"
    "  2  unexpected: a bug, or damaged data\n"
    "  3  daemon, server or I/O error\n"
    "  4  untrusted identity: a safety number changed and is not accepted\n"
    "  5  rate limit: the server asks to wait\n"
    "  7  the vault is locked\n";

}  // namespace nacre::cli
