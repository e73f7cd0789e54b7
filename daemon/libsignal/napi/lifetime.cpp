// References, finalizers, instance data, exceptions and promises.
#include "daemon/libsignal/napi/guard.h"
#include "daemon/libsignal/napi/link.h"

using namespace nacre::napi;

namespace nacre::napi {
void link_lifetime() {}
}  // namespace nacre::napi

namespace {

using Reference = Environment::Reference;

Reference* reference_of(napi_ref reference) { return reinterpret_cast<Reference*>(reference); }

napi_status settle(napi_env env, napi_deferred deferred, Promise::State state, napi_value value) {
    return sensitive(env, [&](Environment& environment) {
        if (deferred == nullptr || value == nullptr) return napi_invalid_arg;
        auto* reference = reinterpret_cast<Reference*>(deferred);
        static_cast<Promise*>(reference->value.get())->settle(state, value_of(value));
        environment.delete_reference(reference);
        return napi_ok;
    });
}

}  // namespace

extern "C" {

napi_status napi_create_reference(napi_env env, napi_value value, std::uint32_t count,
                                  napi_ref* result) {
    return guarded(env, [&](Environment& environment) {
        if (value == nullptr || result == nullptr) return napi_invalid_arg;
        *result = reinterpret_cast<napi_ref>(environment.add_reference(value_of(value), count));
        return napi_ok;
    });
}

napi_status napi_delete_reference(napi_env env, napi_ref reference) {
    return guarded(env, [&](Environment& environment) {
        if (reference == nullptr) return napi_invalid_arg;
        environment.delete_reference(reference_of(reference));
        return napi_ok;
    });
}

napi_status napi_reference_ref(napi_env env, napi_ref reference, std::uint32_t* result) {
    return guarded(env, [&](Environment&) {
        if (reference == nullptr) return napi_invalid_arg;
        const auto count = ++reference_of(reference)->count;
        if (result != nullptr) *result = count;
        return napi_ok;
    });
}

napi_status napi_reference_unref(napi_env env, napi_ref reference, std::uint32_t* result) {
    return guarded(env, [&](Environment&) {
        if (reference == nullptr) return napi_invalid_arg;
        if (reference_of(reference)->count == 0) return napi_generic_failure;
        const auto count = --reference_of(reference)->count;
        if (result != nullptr) *result = count;
        return napi_ok;
    });
}

napi_status napi_get_reference_value(napi_env env, napi_ref reference, napi_value* result) {
    return guarded(env, [&](Environment& environment) {
        if (reference == nullptr) return napi_invalid_arg;
        auto* value = reference_of(reference)->value.get();
        environment.keep(value);
        return give(result, value);
    });
}

napi_status napi_add_finalizer(napi_env env, napi_value object, void* data, napi_finalize function,
                               void* hint, napi_ref* result) {
    return guarded(env, [&](Environment& environment) {
        auto* holder = object_of(object);
        if (holder == nullptr) return napi_object_expected;
        if (function == nullptr) return napi_invalid_arg;
        holder->add_finalizer({function, data, hint});
        if (result != nullptr) {
            *result = reinterpret_cast<napi_ref>(environment.add_reference(holder, 0));
        }
        return napi_ok;
    });
}

// Node's headers declare the same for both, by version.
napi_status napi_set_instance_data(napi_env env, void* data, napi_finalize function, void* hint) {
    return guarded(env, [&](Environment& environment) {
        environment.set_instance_data({function, data, hint});
        return napi_ok;
    });
}

napi_status napi_get_instance_data(napi_env env, void** data) {
    return guarded(env, [&](Environment& environment) {
        if (data == nullptr) return napi_invalid_arg;
        *data = environment.instance_data();
        return napi_ok;
    });
}

// The host keeps the scopes; what these would close goes with the host's.
napi_status napi_open_handle_scope(napi_env env, napi_handle_scope* result) {
    return guarded(env, [&](Environment& environment) {
        if (result == nullptr) return napi_invalid_arg;
        *result = reinterpret_cast<napi_handle_scope>(&environment);
        return napi_ok;
    });
}

napi_status napi_close_handle_scope(napi_env env, napi_handle_scope scope) {
    return guarded(env, [&](Environment&) {
        return scope != nullptr ? napi_ok : napi_invalid_arg;
    });
}

napi_status napi_open_escapable_handle_scope(napi_env env, napi_escapable_handle_scope* result) {
    return napi_open_handle_scope(env, reinterpret_cast<napi_handle_scope*>(result));
}

napi_status napi_close_escapable_handle_scope(napi_env env, napi_escapable_handle_scope scope) {
    return napi_close_handle_scope(env, reinterpret_cast<napi_handle_scope>(scope));
}

napi_status napi_escape_handle(napi_env env, napi_escapable_handle_scope, napi_value escapee,
                               napi_value* result) {
    return guarded(env, [&](Environment&) {
        return escapee != nullptr ? give(result, value_of(escapee)) : napi_invalid_arg;
    });
}

napi_status napi_throw(napi_env env, napi_value error) {
    return sensitive(env, [&](Environment& environment) {
        if (error == nullptr) return napi_invalid_arg;  // neon probes with it
        environment.throw_value(value_of(error));
        return napi_ok;
    });
}

napi_status napi_is_exception_pending(napi_env env, bool* result) {
    return guarded(env, [&](Environment& environment) {
        if (result == nullptr) return napi_invalid_arg;
        *result = environment.exception_pending();
        return napi_ok;
    });
}

napi_status napi_get_and_clear_last_exception(napi_env env, napi_value* result) {
    return guarded(env, [&](Environment& environment) {
        const Ref<> exception = environment.take_exception();
        if (!exception) return give(result, environment.undefined());
        environment.keep(exception.get());
        return give(result, exception.get());
    });
}

napi_status napi_create_promise(napi_env env, napi_deferred* deferred, napi_value* promise) {
    return sensitive(env, [&](Environment& environment) {
        if (deferred == nullptr || promise == nullptr) return napi_invalid_arg;
        auto* made = environment.make<Promise>();
        *deferred = reinterpret_cast<napi_deferred>(environment.add_reference(made, 1));
        return give(promise, made);
    });
}

napi_status napi_resolve_deferred(napi_env env, napi_deferred deferred, napi_value resolution) {
    return settle(env, deferred, Promise::State::fulfilled, resolution);
}

napi_status napi_reject_deferred(napi_env env, napi_deferred deferred, napi_value rejection) {
    return settle(env, deferred, Promise::State::rejected, rejection);
}

}  // extern "C"
