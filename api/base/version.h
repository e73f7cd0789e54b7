// The version of nacre that this binary was built from.
//
// Layer:   api/base.
// Threads: any.
#pragma once

#include <string_view>

namespace nacre {

std::string_view version();  // "0.1.0"

}  // namespace nacre
