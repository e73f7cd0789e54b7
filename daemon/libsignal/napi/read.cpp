// napi_get_value_*, napi_typeof, napi_is_*: looking into values.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>

#include "daemon/libsignal/napi/guard.h"
#include "daemon/libsignal/napi/link.h"

using namespace nacre::napi;

namespace nacre::napi {
void link_read() {}
}  // namespace nacre::napi

namespace {

napi_valuetype type_of(Kind kind) {
    switch (kind) {
        case Kind::undefined: return napi_undefined;
        case Kind::null: return napi_null;
        case Kind::boolean: return napi_boolean;
        case Kind::number: return napi_number;
        case Kind::bigint: return napi_bigint;
        case Kind::string: return napi_string;
        case Kind::external: return napi_external;
        case Kind::function: return napi_function;
        default: return napi_object;
    }
}

std::string number_text(double value) {
    char text[32];
    const bool whole = std::floor(value) == value && std::fabs(value) < 1e15;
    const int length = std::snprintf(text, sizeof text, whole ? "%.0f" : "%.17g", value);
    return {text, static_cast<std::size_t>(length)};
}

// What JavaScript's String() gives, as far as neon and libsignal ask for it: error texts.
std::string text_of(Value* value) {
    switch (value->kind()) {
        case Kind::undefined: return "undefined";
        case Kind::null: return "null";
        case Kind::boolean: return static_cast<Boolean*>(value)->value ? "true" : "false";
        case Kind::number: return number_text(static_cast<Number*>(value)->value);
        case Kind::bigint: return std::to_string(static_cast<BigInt*>(value)->value);
        case Kind::string: return static_cast<String*>(value)->text;
        case Kind::error: return "Error: " + static_cast<ErrorValue*>(value)->message;
        case Kind::function: return "function () { [native code] }";
        default: return "[object Object]";
    }
}

template <class T, class Out, class Read>
napi_status read(napi_env env, napi_value value, Kind kind, napi_status otherwise, Out* result,
                 Read&& get) {
    return guarded(env, [&](Environment&) {
        if (value == nullptr || result == nullptr) return napi_invalid_arg;
        auto* typed = as<T>(value_of(value), kind);
        if (typed == nullptr) return otherwise;
        *result = get(*typed);
        return napi_ok;
    });
}

napi_status is_kind(napi_env env, napi_value value, Kind kind, bool* result) {
    return guarded(env, [&](Environment&) {
        if (value == nullptr || result == nullptr) return napi_invalid_arg;
        *result = value_of(value)->kind() == kind;
        return napi_ok;
    });
}

}  // namespace

extern "C" {

napi_status napi_typeof(napi_env env, napi_value value, napi_valuetype* result) {
    return guarded(env, [&](Environment&) {
        if (value == nullptr || result == nullptr) return napi_invalid_arg;
        *result = type_of(value_of(value)->kind());
        return napi_ok;
    });
}

napi_status napi_get_value_double(napi_env env, napi_value value, double* result) {
    return read<Number>(env, value, Kind::number, napi_number_expected, result,
                        [](Number& number) { return number.value; });
}

napi_status napi_get_value_bool(napi_env env, napi_value value, bool* result) {
    return read<Boolean>(env, value, Kind::boolean, napi_boolean_expected, result,
                         [](Boolean& boolean) { return boolean.value; });
}

napi_status napi_get_value_bigint_uint64(napi_env env, napi_value value, std::uint64_t* result,
                                         bool* lossless) {
    if (lossless != nullptr) *lossless = true;
    return read<BigInt>(env, value, Kind::bigint, napi_bigint_expected, result,
                        [](BigInt& bigint) { return bigint.value; });
}

napi_status napi_get_value_external(napi_env env, napi_value value, void** result) {
    return read<External>(env, value, Kind::external, napi_invalid_arg, result,
                          [](External& external) { return external.data; });
}

napi_status napi_get_date_value(napi_env env, napi_value value, double* result) {
    return read<Date>(env, value, Kind::date, napi_date_expected, result,
                      [](Date& date) { return date.milliseconds; });
}

napi_status napi_get_value_string_utf8(napi_env env, napi_value value, char* buffer,
                                       std::size_t size, std::size_t* result) {
    return guarded(env, [&](Environment&) {
        if (value == nullptr || (buffer == nullptr && result == nullptr)) return napi_invalid_arg;
        auto* string = as<String>(value_of(value), Kind::string);
        if (string == nullptr) return napi_string_expected;
        std::size_t length = string->text.size();
        if (buffer != nullptr) {
            length = size == 0 ? 0 : std::min(length, size - 1);
            // A truncated text ends before a sequence, not inside one.
            while (length > 0 && length < string->text.size() &&
                   (static_cast<unsigned char>(string->text[length]) & 0xC0) == 0x80) {
                --length;
            }
            std::memcpy(buffer, string->text.data(), length);
            if (size != 0) buffer[length] = '\0';
        }
        if (result != nullptr) *result = length;
        return napi_ok;
    });
}

napi_status napi_get_arraybuffer_info(napi_env env, napi_value value, void** data,
                                      std::size_t* size) {
    return guarded(env, [&](Environment&) {
        auto* buffer = as<ArrayBuffer>(value_of(value), Kind::array_buffer);
        if (buffer == nullptr) return napi_invalid_arg;
        if (data != nullptr) *data = buffer->data();
        if (size != nullptr) *size = buffer->size();
        return napi_ok;
    });
}

napi_status napi_get_typedarray_info(napi_env env, napi_value value, napi_typedarray_type* type,
                                     std::size_t* length, void** data, napi_value* arraybuffer,
                                     std::size_t* offset) {
    return guarded(env, [&](Environment& environment) {
        auto* array = as<TypedArray>(value_of(value), Kind::typed_array);
        if (array == nullptr) return napi_invalid_arg;
        if (type != nullptr) *type = array->type;
        if (length != nullptr) *length = array->length;
        if (data != nullptr) *data = array->data();
        if (offset != nullptr) *offset = array->offset;
        if (arraybuffer != nullptr) {
            environment.keep(array->buffer.get());
            give(arraybuffer, array->buffer.get());
        }
        return napi_ok;
    });
}

napi_status napi_is_array(napi_env env, napi_value value, bool* result) {
    return is_kind(env, value, Kind::array, result);
}

napi_status napi_is_error(napi_env env, napi_value value, bool* result) {
    return is_kind(env, value, Kind::error, result);
}

napi_status napi_is_promise(napi_env env, napi_value value, bool* result) {
    return is_kind(env, value, Kind::promise, result);
}

napi_status napi_is_date(napi_env env, napi_value value, bool* result) {
    return is_kind(env, value, Kind::date, result);
}

napi_status napi_is_arraybuffer(napi_env env, napi_value value, bool* result) {
    return is_kind(env, value, Kind::array_buffer, result);
}

napi_status napi_is_typedarray(napi_env env, napi_value value, bool* result) {
    return is_kind(env, value, Kind::typed_array, result);
}

napi_status napi_strict_equals(napi_env env, napi_value a, napi_value b, bool* result) {
    return sensitive(env, [&](Environment&) {
        if (a == nullptr || b == nullptr || result == nullptr) return napi_invalid_arg;
        auto* left = value_of(a);
        auto* right = value_of(b);
        const bool same_kind = left->kind() == right->kind();
        *result = left == right;
        if (same_kind && left->kind() == Kind::number) {
            *result = static_cast<Number*>(left)->value == static_cast<Number*>(right)->value;
        } else if (same_kind && left->kind() == Kind::string) {
            *result = static_cast<String*>(left)->text == static_cast<String*>(right)->text;
        }
        return napi_ok;
    });
}

napi_status napi_coerce_to_string(napi_env env, napi_value value, napi_value* result) {
    return sensitive(env, [&](Environment& environment) {
        if (value == nullptr) return napi_invalid_arg;
        return give(result, environment.make<String>(text_of(value_of(value))));
    });
}

napi_status napi_get_version(napi_env env, std::uint32_t* result) {
    return guarded(env, [&](Environment&) {
        if (result == nullptr) return napi_invalid_arg;
        *result = 8;
        return napi_ok;
    });
}

}  // extern "C"
