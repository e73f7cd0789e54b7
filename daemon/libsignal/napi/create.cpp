// napi_create_*, and the values that always exist.
#include "daemon/libsignal/napi/guard.h"
#include "daemon/libsignal/napi/link.h"

using namespace nacre::napi;

namespace nacre::napi {
void link_create() {}
}  // namespace nacre::napi

namespace {

template <class T, class... Arguments>
napi_status create(napi_env env, napi_value* result, Arguments&&... arguments) {
    return guarded(env, [&](Environment& environment) {
        return give(result, environment.make<T>(std::forward<Arguments>(arguments)...));
    });
}

napi_status create_error(napi_env env, napi_value code, napi_value message, napi_value* result) {
    return guarded(env, [&](Environment& environment) {
        auto* text = as<String>(value_of(message), Kind::string);
        if (text == nullptr) return napi_string_expected;
        auto* error = environment.make<ErrorValue>(text->text);
        error->set("message", text);
        if (code != nullptr) error->set("code", value_of(code));
        return give(result, error);
    });
}

std::size_t element_size(napi_typedarray_type type) {
    switch (type) {
        case napi_int8_array:
        case napi_uint8_array:
        case napi_uint8_clamped_array: return 1;
        case napi_int16_array:
        case napi_uint16_array: return 2;
        case napi_int32_array:
        case napi_uint32_array:
        case napi_float32_array: return 4;
        default: return 8;
    }
}

}  // namespace

extern "C" {

napi_status napi_get_undefined(napi_env env, napi_value* result) {
    return guarded(env, [&](Environment& e) { return give(result, e.undefined()); });
}

napi_status napi_get_null(napi_env env, napi_value* result) {
    return guarded(env, [&](Environment& e) { return give(result, e.null()); });
}

napi_status napi_get_global(napi_env env, napi_value* result) {
    return guarded(env, [&](Environment& e) { return give(result, e.global()); });
}

napi_status napi_get_boolean(napi_env env, bool value, napi_value* result) {
    return guarded(env, [&](Environment& e) { return give(result, e.boolean(value)); });
}

napi_status napi_create_double(napi_env env, double value, napi_value* result) {
    return create<Number>(env, result, value);
}

napi_status napi_create_bigint_uint64(napi_env env, std::uint64_t value, napi_value* result) {
    return create<BigInt>(env, result, value);
}

napi_status napi_create_date(napi_env env, double time, napi_value* result) {
    return create<Date>(env, result, time);
}

napi_status napi_create_string_utf8(napi_env env, const char* text, std::size_t length,
                                    napi_value* result) {
    if (text == nullptr && length != 0) return napi_invalid_arg;
    const std::string_view view = length == NAPI_AUTO_LENGTH ? std::string_view{text}
                                  : length == 0              ? std::string_view{}
                                                             : std::string_view{text, length};
    return create<String>(env, result, view);
}

napi_status napi_create_object(napi_env env, napi_value* result) {
    return create<Object>(env, result);
}

napi_status napi_create_array(napi_env env, napi_value* result) {
    return create<Array>(env, result);
}

napi_status napi_create_array_with_length(napi_env env, std::size_t length, napi_value* result) {
    return guarded(env, [&](Environment& environment) {
        auto* array = environment.make<Array>();
        array->elements.resize(length);
        return give(result, array);
    });
}

napi_status napi_create_function(napi_env env, const char*, std::size_t, napi_callback callback,
                                 void* data, napi_value* result) {
    return sensitive(env, [&](Environment& environment) {
        if (callback == nullptr) return napi_invalid_arg;
        auto* function = environment.make<Function>(callback, data);
        function->set_prototype(environment.function_prototype());
        return give(result, function);
    });
}

napi_status napi_create_external(napi_env env, void* data, napi_finalize finalizer, void* hint,
                                 napi_value* result) {
    return create<External>(env, result, data, Finalizer{finalizer, data, hint});
}

napi_status napi_create_arraybuffer(napi_env env, std::size_t size, void** data,
                                    napi_value* result) {
    return sensitive(env, [&](Environment& environment) {
        auto* buffer = environment.make<ArrayBuffer>(size);
        if (data != nullptr) *data = buffer->data();
        return give(result, buffer);
    });
}

napi_status napi_create_typedarray(napi_env env, napi_typedarray_type type, std::size_t length,
                                   napi_value arraybuffer, std::size_t offset,
                                   napi_value* result) {
    return sensitive(env, [&](Environment& environment) {
        auto* buffer = as<ArrayBuffer>(value_of(arraybuffer), Kind::array_buffer);
        if (buffer == nullptr) return napi_invalid_arg;
        if (offset > buffer->size() || length > (buffer->size() - offset) / element_size(type)) {
            return napi_invalid_arg;
        }
        return give(result, environment.make<TypedArray>(type, length, buffer, offset));
    });
}

napi_status napi_create_error(napi_env env, napi_value code, napi_value message,
                              napi_value* result) {
    return create_error(env, code, message, result);
}

napi_status napi_create_type_error(napi_env env, napi_value code, napi_value message,
                                   napi_value* result) {
    return create_error(env, code, message, result);
}

napi_status napi_create_range_error(napi_env env, napi_value code, napi_value message,
                                    napi_value* result) {
    return create_error(env, code, message, result);
}

}  // extern "C"
