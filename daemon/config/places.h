// Places: where an instance's files and sockets are, and the flags that say otherwise.
//
// Layer:   daemon/config.
// Errors:  as text for main to print: they name paths and flags.
// Threads: pure; reads the environment, so call before threads.
//
//              user mode                                  system mode
//   config     $XDG_CONFIG_HOME/nacre/<instance>.toml     /etc/nacre/<instance>.toml
//   state      $XDG_STATE_HOME/nacre/<instance>           /var/lib/nacre, /var/lib/nacre-courier
//   runtime    $XDG_RUNTIME_DIR/nacre/<instance>          /run/nacre
//
// In user mode vaultd's state is <state>/vault and the courier's <state>/courier; --state given to
// nacred is their parent, given to vaultd or the courier the folder itself.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <variant>

namespace nacre::config {

struct Places {
    std::string instance = "default";
    std::filesystem::path config;
    bool config_given = false;  // by --config: then it has to exist
    std::filesystem::path state;
    std::filesystem::path runtime;  // nacred, nacre-sentry
    std::filesystem::path bin;      // nacred: folder of the other programs; empty: its own
};

enum class Program : std::uint8_t { nacred, vaultd, courier, sentry };

// A sentence for the terminal, and the exit status.
struct Refused {
    std::string text;
    int status = 1;
};

// Reads --config F --state D --runtime D --bin D --instance N --help and --version. Only nacred takes
// bin; nacre-sentry takes runtime and no state. What is not given comes from the XDG folders; a system user has them from
// its unit's flags.
std::variant<Places, Refused> places_from(Program program, int argc, char** argv);

// [a-z0-9-]{1,32}
bool valid_instance(std::string_view name);

}  // namespace nacre::config
