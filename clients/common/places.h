// Places: where the daemon's sockets and the command line's token are, by instance name.
//
// Layer:   clients/common. The daemon has the same rules in daemon/config/places.h; clients may not
//          include it.
// Errors:  invalid_argument: a name that is no instance name, or no folder to look in.
// Threads: reads the environment; call before threads.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "api/base/result.h"

namespace nacre::client {

struct Places {
    std::filesystem::path api_socket;
    std::filesystem::path secret_socket;
    std::filesystem::path token_file;
};

// What the command line may override; empty: by the rules.
struct PlaceOptions {
    std::string instance = "default";
    bool system = false;     // the machine's daemon
    std::string socket;      // of the API; the secret socket is beside it
    std::string token_file;
};

// $XDG_RUNTIME_DIR/nacre/<instance>/{api,secret}.sock, $XDG_STATE_HOME/nacre/<instance>/cli.token.
// The machine's: /run/nacre, or /run/nacre@<instance>; and system.token.
Result<Places> find_places(const PlaceOptions& options);

}  // namespace nacre::client
