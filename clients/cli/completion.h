// Completion: what the word under the cursor can become. The shells' own scripts (clients/completion)
// call `nacre __complete WORD…` and show what it prints.
//
// Layer:   clients/cli.
// Secrets: conversations' titles pass through, as with `nacre conversations`; a locked vault gives
//          none. Others choose the titles: the shells' scripts quote them.
// Errors:  none: what cannot be asked completes nothing.
// Threads: one.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "clients/cli/help.h"
#include "clients/common/places.h"

namespace nacre::cli {

struct Candidate {
    std::string word;
    std::string about;  // may be empty
    bool operator==(const Candidate&) const = default;
};

struct Completion {
    std::vector<Candidate> candidates;
    bool files = false;  // the shell knows those

    // One a line, "word<TAB>about"; ":files" alone in place of them.
    std::string text() const;
};

// What only the daemon knows: the words for "CONVERSATION", "RECIPIENT" or "SLOT".
using Lookup = std::function<std::vector<Candidate>(const std::string& what,
                                                    const client::PlaceOptions& places)>;

// `words` are those after "nacre", up to the cursor; the last one, maybe empty, is to be completed.
Completion complete(const CommandHelp& program, const std::vector<std::string>& words,
                    const Lookup& lookup);

// Asks the daemon, and waits for no more than a moment.
std::vector<Candidate> look_up(const std::string& what, const client::Places& places);

}  // namespace nacre::cli
