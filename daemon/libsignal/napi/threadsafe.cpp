// Threadsafe functions: the one way in from other threads.
#include "daemon/libsignal/napi/guard.h"
#include "daemon/libsignal/napi/link.h"

using namespace nacre::napi;

namespace nacre::napi {
void link_threadsafe() {}
}  // namespace nacre::napi

extern "C" {

// Without a function of its own (`function` null), the addon's `call` does everything: neon's way.
napi_status napi_create_threadsafe_function(napi_env env, napi_value function, napi_value,
                                            napi_value, std::size_t, std::size_t,
                                            void* finalize_data, napi_finalize finalizer,
                                            void* context, napi_threadsafe_function_call_js call,
                                            napi_threadsafe_function* result) {
    return guarded(env, [&](Environment& environment) {
        if (function != nullptr || call == nullptr || result == nullptr) return napi_invalid_arg;
        auto* made = environment.add_threadsafe_function(std::make_unique<ThreadsafeFunction>(
            environment.queue(), call, context, Finalizer{finalizer, finalize_data, context}));
        *result = reinterpret_cast<napi_threadsafe_function>(made);
        return napi_ok;
    });
}

// Any thread. The queue has no limit, so nothing ever blocks.
napi_status napi_call_threadsafe_function(napi_threadsafe_function function, void* data,
                                          napi_threadsafe_function_call_mode) {
    if (function == nullptr) return napi_invalid_arg;
    try {
        return reinterpret_cast<ThreadsafeFunction*>(function)->call_later(data) ? napi_ok
                                                                                 : napi_closing;
    } catch (...) {
        return napi_generic_failure;
    }
}

// They live as long as their environment: counting their users would change nothing.
napi_status napi_acquire_threadsafe_function(napi_threadsafe_function function) {
    return function != nullptr ? napi_ok : napi_invalid_arg;
}

napi_status napi_release_threadsafe_function(napi_threadsafe_function function,
                                             napi_threadsafe_function_release_mode) {
    return function != nullptr ? napi_ok : napi_invalid_arg;
}

napi_status napi_ref_threadsafe_function(napi_env env, napi_threadsafe_function function) {
    return env != nullptr && function != nullptr ? napi_ok : napi_invalid_arg;
}

napi_status napi_unref_threadsafe_function(napi_env env, napi_threadsafe_function function) {
    return env != nullptr && function != nullptr ? napi_ok : napi_invalid_arg;
}

}  // extern "C"
