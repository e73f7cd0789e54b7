// What we call ourselves to the server: our own name, no imitation of Signal's clients.
//
// Layer:   daemon/courier.
#pragma once

namespace nacre::courier {

inline constexpr const char* kUserAgent = "nacre/" NACRE_VERSION;

}  // namespace nacre::courier
