#include "daemon/libsignal/library.h"

#include <atomic>

#include "api/base/log.h"
#include "daemon/libsignal/errors.h"
#include "daemon/libsignal/napi/addon.h"
#include "daemon/libsignal/native.h"
#include "daemon/libsignal/stores_call.h"

namespace nacre::signal {
namespace {

// Warnings and errors of libsignal's, from LogLevel's Error = 1 and Warn = 2.
constexpr double kLogWarnings = 2;

// then(resolve, reject) of a Resolved.
napi::Value* then(const napi::Call& call) {
    auto* self = napi::as<napi::Object>(call.self, napi::Kind::object);
    auto* resolve = napi::as<napi::Function>(call.argument(0), napi::Kind::function);
    if (self == nullptr || self->host_data == nullptr || resolve == nullptr) {
        call.environment.throw_error("then: wrong arguments");
        return nullptr;
    }
    napi::Value* answer = static_cast<Resolved*>(self)->answer();
    return resolve->invoke(call.environment.undefined(), {&answer, 1});
}

// libsignal's log lines may quote what they like (and a panic's contains addresses), so no text of
// them is kept: the level and the line in libsignal's source say where to look.
napi::Value* write_log(const napi::Call& call) {
    const auto* level = napi::as<napi::Number>(call.argument(0), napi::Kind::number);
    const auto* line = napi::as<napi::Number>(call.argument(3), napi::Kind::number);
    const bool failed = level != nullptr && level->value < kLogWarnings;
    log::write(failed ? log::Level::warning : log::Level::debug, "libsignal: a log line",
               {log::field("source_line", line != nullptr ? static_cast<int>(line->value) : 0)});
    return nullptr;
}

}  // namespace

Result<std::unique_ptr<Library>> Library::load(const std::filesystem::path& addon) {
    std::unique_ptr<Library> library{new Library};
    NACRE_TRY(library->start(addon));
    return library;
}

Result<void> Library::start(const std::filesystem::path& addon) {
    exports_ = NACRE_TRY(napi::load_addon(environment_, addon));
    functions_.resize(native::kFunctionCount);
    const napi::Environment::Scope scope{environment_};

    resolved_prototype_ = environment_.make<napi::Object>();
    resolved_prototype_->set("then", environment_.make_function(then));
    stores_prototype_ = make_stores_prototype(environment_);

    auto* errors = environment_.make<napi::Object>();
    errors->set("LibSignalErrorBase", environment_.make_function(make_libsignal_error));
    napi::Value* const argument = errors;
    NACRE_TRY(call(native::registerErrors.index, native::registerErrors.name, {&argument, 1}));

    // Once a process, and bound to the environment that asks first. Without it a panic writes its
    // message to stderr.
    static std::atomic<bool> logs_taken = false;
    if (!logs_taken.exchange(true)) {
        napi::Value* const arguments[] = {environment_.make<napi::Number>(kLogWarnings),
                                          environment_.make_function(write_log)};
        NACRE_TRY(call(native::initLogger.index, native::initLogger.name, arguments));
    }
    return {};
}

Result<napi::Value*> Library::call(std::uint16_t index, Literal name,
                                   std::span<napi::Value* const> arguments) {
    auto& function = functions_[index];
    if (!function) {
        function = napi::as<napi::Function>(exports_->get(name.c_str()), napi::Kind::function);
        if (!function) return Error{ErrorCode::unsupported, name};
    }
    ++calls_;
    napi::Value* result = function->invoke(environment_.undefined(), arguments);
    if (result == nullptr) return error_from(environment_.take_exception().get(), name);
    return result;
}

napi::Value* Library::resolved(napi::Value* answer) {
    auto* object = environment_.make<Resolved>(answer);
    object->set_prototype(resolved_prototype_.get());
    return object;
}

}  // namespace nacre::signal
