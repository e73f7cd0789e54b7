#include "daemon/libsignal/napi/addon.h"

#include <dlfcn.h>

#include "daemon/libsignal/napi/link.h"

#ifdef __SANITIZE_THREAD__
// The addon is not instrumented, so its own synchronisation is invisible: what it does, and what it
// has C functions do, looks like races. Ours stays watched.
extern "C" __attribute__((visibility("default"))) const char* __tsan_default_suppressions() {
    return "called_from_lib:libsignal-client.node\nrace:libsignal-client.node\n";
}
#endif

namespace nacre::napi {
namespace {

using Register = napi_value (*)(napi_env, napi_value);

// Mapped by the first call; from then on the loader knows it by its name and opens nothing.
Result<void*> map_addon(const std::filesystem::path& path) {
    std::error_code failed;
    if (!std::filesystem::exists(path, failed)) {
        return Error{ErrorCode::not_found, "libsignal addon"};
    }
    // Absolute, so that the loader never searches for it. No dlclose: see the header.
    void* library = dlopen(std::filesystem::absolute(path).c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) return Error{ErrorCode::unsupported, "load libsignal addon"};
    return library;
}

Result<Register> find_register(const std::filesystem::path& path) {
    void* const library = NACRE_TRY(map_addon(path));
    auto* symbol = dlsym(library, "napi_register_module_v1");
    if (symbol == nullptr) return Error{ErrorCode::unsupported, "libsignal addon's entry"};
    return reinterpret_cast<Register>(symbol);
}

}  // namespace

Result<void> preload_addon(const std::filesystem::path& path) {
    NACRE_TRY(map_addon(path));
    return {};
}

Result<Ref<Object>> load_addon(Environment& environment, const std::filesystem::path& path) {
    link_functions();
    const auto register_module = NACRE_TRY(find_register(path));
    const Environment::Scope scope{environment};
    Ref<Object> exports{environment.make<Object>()};
    auto* result = reinterpret_cast<Value*>(register_module(
        environment.handle(), reinterpret_cast<napi_value>(static_cast<Value*>(exports.get()))));
    if (environment.take_exception()) {
        return Error{ErrorCode::unsupported, "libsignal addon registers"};
    }
    if (auto* other = as<Object>(result, Kind::object)) exports = other;
    return exports;
}

}  // namespace nacre::napi
