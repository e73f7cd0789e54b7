// Times as people read them, in the local time zone.
//
// Layer:   clients/cli.
// Threads: pure, once main has called tzset.
#pragma once

#include <cstdint>
#include <string>

namespace nacre::cli {

// "2026-11-23 14:05"; "-" for 0. Sixteen columns, so that lists stay aligned.
std::string local_time(std::int64_t ms);

}  // namespace nacre::cli
