// What an error means for a person, and what to do about it: one sentence for each code.
//
// Layer:   clients/common.
// Secrets: none.
// Threads: pure functions.
#pragma once

#include <string_view>

#include "api/base/error.h"

namespace nacre::client {

// Complete sentences without a line end.
std::string_view error_text(ErrorCode code);

// For a call that ended because there is no daemon at the other end, which from_status cannot tell
// from a daemon that says unavailable.
inline constexpr std::string_view kNoDaemon =
    "The daemon is not running: start it with 'nacred' or 'systemctl --user start nacred'.";

}  // namespace nacre::client
