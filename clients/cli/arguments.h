// Arguments: what was asked on the command line. The only file that includes CLI11 is
// arguments.cpp.
//
// Layer:   clients/cli.
// Secrets: none by design: passphrases have no option; message text may stand in `text`.
// Threads: values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "clients/cli/exit_code.h"
#include "clients/common/places.h"

namespace nacre::cli {

struct Arguments {
    client::PlaceOptions places;
    bool json = false;
    std::string verb;

    int passphrase_fd = -1;            // init, unlock
    bool accept_older_header = false;  // unlock
    bool new_token = false;            // unlock
    std::string device_name;           // link
    std::string conversation;          // messages, send, read, search (empty: all)
    std::string recipient;             // accept-identity
    std::string query;                 // search, recipients
    std::string text;                  // send; "-": standard input
    std::string request_id;            // send; empty: a random one
    std::uint32_t limit = 50;          // lists
    bool all = false;                  // lists
    std::optional<std::uint64_t> after;  // watch
    bool with_text = false;              // watch
};

// Nothing when the command shall run; otherwise help, version or a complaint has been printed.
std::optional<ExitCode> parse_arguments(int argc, char** argv, Arguments& out);

}  // namespace nacre::cli
