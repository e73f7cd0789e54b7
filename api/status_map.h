// The one table between ErrorCode and gRPC: status code and ErrorInfo reason.
//
// Layer:   api. Used by vaultd to answer and by clients to read the answer.
// Secrets: none; a status carries a reason and a fixed sentence, never text from inside.
// Threads: pure functions.
#pragma once

#include <grpcpp/support/status.h>

#include <string_view>

#include "api/base/error.h"

namespace nacre::api {

// The status a client gets: code, fixed message, and google.rpc.ErrorInfo (domain "nacre", reason
// such as "VAULT_LOCKED") in the details.
grpc::Status to_status(const Error& error);

// The reason of a code: "VAULT_LOCKED".
std::string_view reason(ErrorCode code);

// False when no code has this reason; a newer daemon may know more of them.
bool from_reason(std::string_view reason, ErrorCode& code);

// Back again: by the reason, else by the status code, which gRPC itself sets when the daemon is
// gone or the call ran out of time. An OK status is a misuse and gives internal.
ErrorCode from_status(const grpc::Status& status);

}  // namespace nacre::api
