// Help: what the command line takes, as data: for the manual pages and for completion.
//
// Layer:   clients/cli. Made in arguments.cpp, from the same declarations that are parsed.
// Threads: values.
#pragma once

#include <string>
#include <vector>

namespace nacre::cli {

struct OptionHelp {
    std::vector<std::string> names;  // "-n", "--limit"; none: it has a place instead
    std::string value;               // "FILE"; of a place its name: "CONVERSATION"; empty: a flag
    std::string text;
    std::string initial;             // what it is when it is not given
    bool required = false;
};

struct CommandHelp {
    std::string name;
    std::string text;
    std::vector<OptionHelp> options;
    std::vector<CommandHelp> commands;
};

// The whole of it: "nacre", its options, its commands. Help itself is among the options.
CommandHelp describe();

}  // namespace nacre::cli
