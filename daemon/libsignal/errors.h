// Errors: libsignal's error names, and what each means to us. The one table.
//
// Layer:   daemon/libsignal.
// Secrets: libsignal's messages may quote what they like, so they end here; the name stays.
// Threads: pure functions.
#pragma once

#include <span>
#include <string_view>

#include "api/base/error.h"
#include "daemon/libsignal/napi/value.h"

namespace nacre::signal {

struct ErrorName {
    const char* name;
    ErrorCode code;
};

// libsignal's closed list (Errors.js), and four of ours: "Generic" for an error of libsignal's
// without a name, "Panic" for a bug in it, "TypeError" for a bug in our use of it, "Unknown" for
// a name that a newer libsignal might bring.
std::span<const ErrorName> error_names();

// The entry for a name; "Unknown" if there is none.
const ErrorName& find_error_name(std::string_view name);

// What was thrown, or what a promise was rejected with, as an Error of operation `where`.
Error error_from(const napi::Value* thrown, Literal where);

// The class that libsignal makes its errors from: called with message, name, operation and extra
// properties. To be registered as LibSignalErrorBase.
napi::Value* make_libsignal_error(const napi::Call& call);

}  // namespace nacre::signal
