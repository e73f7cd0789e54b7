// How messages look on a terminal.
//
// Layer:   clients/cli.
// Secrets: message text, made safe.
// Threads: pure functions.
#pragma once

#include <string>

#include "clients/cli/output.h"
#include "nacre/v1/messages.pb.h"

namespace nacre::cli {

// "2026-11-23 14:05  Alice: text", further lines of the text indented; the state behind own ones.
std::string message_lines(const v1::Message& message, const Output& output);

// "You", or the author's name, safe.
std::string author_name(const v1::Message& message);

// The snippet on one line, with what was found in bold.
std::string snippet_line(const v1::SearchHit& hit, const Output& output);

}  // namespace nacre::cli
