// Progress: what the overwriter tells vaultd: one shared page in a memory file that nacred makes.
//
// Layer:   daemon/overwrite. Written by nacre-overwrite and nacred, read by nacre-vaultd.
// Secrets: none.
// Threads: any.
// Format:  byte 0 a State, byte 1 the percentage.
#pragma once

#include <cstdint>

#include "daemon/base/descriptor.h"

namespace nacre::overwrite {

struct Progress {
    enum class State : std::uint8_t {
        none,
        running,
        done,
        ended_early,  // at `percent`
    };
    State state = State::none;
    std::uint8_t percent = 0;
};

// The descriptor's name among those that are passed on.
inline constexpr const char* kProgressName = "overwrite";

Result<daemon::Descriptor> make_progress();
void write_progress(int file, Progress progress);
// After the writer's end: a progress that still runs ended early. By nacred, as it reaps.
void end_progress(int file);
// A file that is not there or not understood: none.
Progress read_progress(int file);

}  // namespace nacre::overwrite
