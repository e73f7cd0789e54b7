// Addon: the shared object with the addon's code, loaded once a process and never unloaded (its
// threads and thread-local destructors may still be about).
//
// Layer:   daemon/libsignal/napi.
// Errors:  not_found (no file), unsupported (not loadable, or no Node-API addon).
// Threads: load() from any; register_in() on the environment's owner.
#pragma once

#include <filesystem>

#include "api/base/result.h"
#include "daemon/libsignal/napi/environment.h"

namespace nacre::napi {

// Maps the addon's code, before a filter forbids new code in this process; load_addon() then finds it.
Result<void> preload_addon(const std::filesystem::path& path);

// Loads the addon, lets it register, and gives the object with what it exports.
Result<Ref<Object>> load_addon(Environment& environment, const std::filesystem::path& path);

}  // namespace nacre::napi
