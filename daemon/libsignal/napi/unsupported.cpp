// What neon looks up when it loads, and libsignal never calls: here, and failing.
#include <cstdlib>

#include "api/base/log.h"
#include "daemon/libsignal/napi/guard.h"
#include "daemon/libsignal/napi/link.h"

namespace nacre::napi {
void link_unsupported() {}
}  // namespace nacre::napi

// A call is a mistake of ours about libsignal: it fails there and is worth a line.
#define NACRE_UNSUPPORTED(name, ...)                                                        \
    napi_status name(__VA_ARGS__) {                                                         \
        nacre::log::write(nacre::log::Level::error, "libsignal: " #name " is not offered"); \
        return napi_generic_failure;                                                        \
    }

extern "C" {

NACRE_UNSUPPORTED(napi_create_async_work, napi_env, napi_value, napi_value,
                  napi_async_execute_callback, napi_async_complete_callback, void*,
                  napi_async_work*)
NACRE_UNSUPPORTED(napi_delete_async_work, napi_env, napi_async_work)
NACRE_UNSUPPORTED(napi_create_bigint_int64, napi_env, int64_t, napi_value*)
NACRE_UNSUPPORTED(napi_create_bigint_words, napi_env, int, size_t, const uint64_t*, napi_value*)
NACRE_UNSUPPORTED(napi_create_buffer, napi_env, size_t, void**, napi_value*)
NACRE_UNSUPPORTED(napi_get_buffer_info, napi_env, napi_value, void**, size_t*)
NACRE_UNSUPPORTED(napi_get_new_target, napi_env, napi_callback_info, napi_value*)
NACRE_UNSUPPORTED(napi_get_value_bigint_int64, napi_env, napi_value, int64_t*, bool*)
NACRE_UNSUPPORTED(napi_get_value_bigint_words, napi_env, napi_value, int*, size_t*, uint64_t*)
NACRE_UNSUPPORTED(napi_get_value_string_utf16, napi_env, napi_value, char16_t*, size_t, size_t*)
NACRE_UNSUPPORTED(napi_run_script, napi_env, napi_value, napi_value*)

// Signatures that differ between versions of the headers ("basic" environments) are not repeated.
napi_status napi_is_buffer(napi_env, napi_value, bool* result) {
    if (result != nullptr) *result = false;
    return napi_ok;
}

NACRE_UNSUPPORTED(napi_create_external_arraybuffer, napi_env, void*, size_t, napi_finalize, void*,
                  napi_value*)
NACRE_UNSUPPORTED(napi_create_external_buffer, napi_env, size_t, void*, napi_finalize, void*,
                  napi_value*)
NACRE_UNSUPPORTED(napi_queue_async_work, napi_env, napi_async_work)

// The addon gives up. Its message may contain anything, so it is not repeated.
void napi_fatal_error(const char*, size_t, const char*, size_t) {
    nacre::log::write(nacre::log::Level::error, "libsignal: fatal error in the addon");
    std::abort();
}

}  // extern "C"
