// Halt: why the courier does not try to connect, remembered over its restarts.
//
// Layer:   daemon/courier.
// Secrets: none.
// Errors:  of writing. A file that says nothing known counts as none: the server says it again.
// Threads: at start, then the network thread.
// Format:  `halt` in the courier's state: one of the words below, the device's fingerprint, a line
//          feed.
#pragma once

#include <cstdint>
#include <string>

#include "daemon/courier/state_file.h"

namespace nacre::courier {

enum class Halt : std::uint8_t {
    none,
    connected_elsewhere,  // another process uses this device: until the owner reconnects
    unlinked,             // the server does not know the device any more: until a new login
    client_too_old,       // until a newer nacre (the file names the version that it holds for)
};

struct Halted {
    Halt halt = Halt::none;
    std::string device;  // DeviceLogin::fingerprint() of the device that it is about
};

Result<Halted> load_halt(const StateFolder& state);
Result<void> store_halt(const StateFolder& state, const Halted& halted);

}  // namespace nacre::courier
