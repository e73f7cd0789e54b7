// Where this program lies, to find its siblings.
//
// Layer:   daemon/base.
// Threads: pure.
#pragma once

#include <filesystem>

#include "api/base/result.h"

namespace nacre::daemon {

// The folder of the running executable.
Result<std::filesystem::path> executable_folder();

}  // namespace nacre::daemon
