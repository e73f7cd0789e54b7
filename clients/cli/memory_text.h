// Memory text: what `nacre status` says of vaultd's memory, and of what it gave back.
//
// Layer:   clients/cli.
// Secrets: none.
// Threads: pure.
#pragma once

#include <string>

#include "nacre/v1/vault.pb.h"

namespace nacre::cli {

// What may reach swap; "" when nothing of vaultd's may.
std::string memory_text(const v1::GetStatusResponse& status);
// "" when free memory is not overwritten.
std::string free_memory_text(const v1::GetStatusResponse& status);

}  // namespace nacre::cli
