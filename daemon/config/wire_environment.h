// The environment as the link carries it, to be compared with what the vault fixed.
//
// Layer:   daemon/config.
// Threads: pure.
#pragma once

#include "daemon/config/config.h"
#include "nacre/courier/v1/link.pb.h"

namespace nacre::config {

courier::v1::Environment wire_environment(const Config& config);

// Field by field; the order of cdn_urls does not matter.
bool same_environment(const courier::v1::Environment& a, const courier::v1::Environment& b);

}  // namespace nacre::config
