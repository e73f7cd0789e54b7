// Routes: the closed table of requests that the vault may ask for. The courier builds verb, path
// and headers from checked values; nothing of the vault's text reaches a path unparsed.
//
// Layer:   daemon/courier.
// Secrets: passwords and access keys become headers.
// Errors:  invalid_argument; unsupported for a route that this version does not know.
// Threads: pure functions.
#pragma once

#include "daemon/libsignal/chat.h"
#include "nacre/courier/v1/link.pb.h"

namespace nacre::courier {

// What fits a link frame beside everything else.
inline constexpr std::size_t kMostReplyBytes = std::size_t{900} << 10;

struct Routed {
    bool authenticated = true;  // on which of the two connections
    signal::Request request;
};

Result<Routed> route(const v1::ChatRequest& request);

// resource_exhausted for a body beyond kMostReplyBytes.
Result<v1::ChatReply> reply_from(const signal::Response& response);

// Asks who we are: shows that the server still knows this device.
signal::Request whoami();

}  // namespace nacre::courier
