// Handshake: Hello both ways, first on every link.
//
// Layer:   daemon/link.
// Errors:  unsupported (the other side speaks another version), bad_message, timed_out,
//          unavailable.
// Threads: pure; before the channel's threads start.
#pragma once

#include <chrono>

#include "daemon/link/frame.h"

namespace nacre::link {

// Returns the other side's Hello. `reader` may afterwards hold the beginning of what follows it.
Result<courier::v1::Hello> shake_hands(int socket, Side side,
                                       const courier::v1::Environment& environment,
                                       FrameReader& reader, std::chrono::milliseconds timeout);

}  // namespace nacre::link
