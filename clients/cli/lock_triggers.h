// When the vault locks by itself, in words.
//
// Layer:   clients/cli.
// Threads: pure.
#pragma once

#include <string>

#include "nacre/v1/vault.pb.h"

namespace nacre::cli {

// "after 15 min idle, before sleep"; empty: never.
std::string lock_triggers_text(const v1::GetStatusResponse& status);

}  // namespace nacre::cli
