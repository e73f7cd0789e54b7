// guarded(), sensitive(): the first and last thing of every napi_* function.
//
// No C++ exception may reach Rust ("Rust cannot catch foreign exceptions" ends the process), and
// nothing here throws but allocations; the addon then sees napi_generic_failure.
//
// Layer:   daemon/libsignal/napi; for the files with the napi_* functions.
// Threads: abort on any but the owner's.
#pragma once

#include <utility>

#include "daemon/libsignal/napi/environment.h"

namespace nacre::napi {

template <class Body>
napi_status guarded(napi_env env, Body&& body) noexcept {
    if (env == nullptr) return napi_invalid_arg;
    Environment& environment = *Environment::from(env);
    environment.assert_owner();
    try {
        return std::forward<Body>(body)(environment);
    } catch (...) {
        return napi_generic_failure;
    }
}

// For the functions that may run code or throw: refused while an exception is pending.
template <class Body>
napi_status sensitive(napi_env env, Body&& body) noexcept {
    return guarded(env, [&](Environment& environment) {
        if (environment.exception_pending()) return napi_pending_exception;
        return std::forward<Body>(body)(environment);
    });
}

inline Value* value_of(napi_value value) { return reinterpret_cast<Value*>(value); }

inline napi_status give(napi_value* result, Value* value) {
    if (result == nullptr) return napi_invalid_arg;
    *result = reinterpret_cast<napi_value>(value);
    return napi_ok;
}

// Null unless the value has properties.
inline Object* object_of(napi_value value) {
    auto* candidate = value_of(value);
    return candidate != nullptr && candidate->kind() >= Kind::object
               ? static_cast<Object*>(candidate)
               : nullptr;
}

}  // namespace nacre::napi
