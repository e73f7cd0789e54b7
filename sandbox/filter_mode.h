// FilterMode: how a forgotten system call shows itself in development.
//
// Layer:   sandbox. Product binaries link filter_product.cpp, test binaries filter_test.cpp:
//            NACRE_SANDBOX unset   a forbidden call names itself on stderr, then ends the process
//            NACRE_SANDBOX=audit   it is done, and the kernel's log has its number (type=1326);
//                                  and Landlock is left out
//            NACRE_SANDBOX=calls   as if unset, but Landlock is left out: for what a preloaded
//                                  library plays from other folders
//            NACRE_SANDBOX=off     neither is there, to measure what they cost
//          `nacre status` shows which.
// Threads: call before there are any.
#pragma once

#include <cstdint>

namespace nacre::sandbox {

enum class FilterMode : std::uint8_t { kill, report, calls, audit, off };

FilterMode filter_mode();
// For report: whoever gets SIGSYS says why.
void watch_forbidden_calls();

}  // namespace nacre::sandbox
