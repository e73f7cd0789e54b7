// What we call ourselves to the server: our own name, no imitation of Signal's clients.
//
// Layer:   daemon/courier.
#pragma once

#include <string>

#include "api/base/version.h"

namespace nacre::courier {

inline std::string user_agent() { return "nacre/" + std::string{version()}; }

}  // namespace nacre::courier
