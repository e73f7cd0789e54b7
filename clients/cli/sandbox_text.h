// SandboxText: what keeps a process in, in words.
//
// Layer:   clients/cli.
// Secrets: none.
// Threads: pure.
#pragma once

#include <string>

#include "nacre/v1/vault.pb.h"

namespace nacre::cli {

// What is missing on this machine, or nothing but "in force".
std::string sandbox_text(const v1::Sandbox& sandbox);
// The courier's, from which the buses shall be hidden besides.
std::string courier_sandbox_text(const v1::Sandbox& sandbox);

}  // namespace nacre::cli
