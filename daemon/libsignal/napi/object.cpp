// Properties, elements, and calls in both directions.
#include <algorithm>

#include "daemon/libsignal/napi/guard.h"
#include "daemon/libsignal/napi/link.h"

using namespace nacre::napi;

namespace nacre::napi {
void link_object() {}
}  // namespace nacre::napi

namespace {

napi_status give_kept(Environment& environment, napi_value* result, Value* value) {
    if (value == nullptr) return give(result, environment.undefined());
    environment.keep(value);
    return give(result, value);
}

std::span<Value* const> arguments_of(std::size_t count, const napi_value* values) {
    return {reinterpret_cast<Value* const*>(values), count};
}

}  // namespace

extern "C" {

napi_status napi_get_property(napi_env env, napi_value object, napi_value key,
                              napi_value* result) {
    return sensitive(env, [&](Environment& environment) {
        auto* holder = object_of(object);
        auto* name = as<String>(value_of(key), Kind::string);
        if (holder == nullptr) return napi_object_expected;
        if (name == nullptr) return napi_name_expected;
        return give_kept(environment, result, holder->get(name->text));
    });
}

napi_status napi_set_property(napi_env env, napi_value object, napi_value key, napi_value value) {
    return sensitive(env, [&](Environment&) {
        auto* holder = object_of(object);
        auto* name = as<String>(value_of(key), Kind::string);
        if (holder == nullptr) return napi_object_expected;
        if (name == nullptr) return napi_name_expected;
        if (value == nullptr) return napi_invalid_arg;
        holder->set(name->text, value_of(value));
        return napi_ok;
    });
}

napi_status napi_get_all_property_names(napi_env env, napi_value object, napi_key_collection_mode,
                                        napi_key_filter, napi_key_conversion, napi_value* result) {
    return sensitive(env, [&](Environment& environment) {
        auto* holder = object_of(object);
        if (holder == nullptr) return napi_object_expected;
        auto* names = environment.make<Array>();
        holder->each([&](std::string_view name, Value*) {
            names->elements.emplace_back(environment.make<String>(name));
        });
        return give(result, names);
    });
}

napi_status napi_get_array_length(napi_env env, napi_value value, std::uint32_t* result) {
    return guarded(env, [&](Environment&) {
        auto* array = as<Array>(value_of(value), Kind::array);
        if (array == nullptr) return napi_array_expected;
        if (result == nullptr) return napi_invalid_arg;
        *result = static_cast<std::uint32_t>(array->elements.size());
        return napi_ok;
    });
}

napi_status napi_get_element(napi_env env, napi_value object, std::uint32_t index,
                             napi_value* result) {
    return sensitive(env, [&](Environment& environment) {
        auto* array = as<Array>(value_of(object), Kind::array);
        if (array == nullptr) return napi_object_expected;
        const bool there = index < array->elements.size();
        return give_kept(environment, result, there ? array->elements[index].get() : nullptr);
    });
}

napi_status napi_set_element(napi_env env, napi_value object, std::uint32_t index,
                             napi_value value) {
    return sensitive(env, [&](Environment&) {
        // Far beyond any array of libsignal's; a wild index must not take all memory.
        constexpr std::uint32_t kMost = 1U << 20;
        auto* array = as<Array>(value_of(object), Kind::array);
        if (array == nullptr) return napi_object_expected;
        if (value == nullptr || index >= kMost) return napi_invalid_arg;
        if (index >= array->elements.size()) array->elements.resize(index + 1);
        array->elements[index] = value_of(value);
        return napi_ok;
    });
}

napi_status napi_get_cb_info(napi_env env, napi_callback_info info, std::size_t* count,
                             napi_value* arguments, napi_value* self, void** data) {
    return guarded(env, [&](Environment& environment) {
        if (info == nullptr) return napi_invalid_arg;
        const auto& call = *reinterpret_cast<const Call*>(info);
        if (arguments != nullptr) {
            if (count == nullptr) return napi_invalid_arg;
            for (std::size_t i = 0; i < *count; ++i) {
                arguments[i] = reinterpret_cast<napi_value>(call.argument(i));
            }
        }
        if (count != nullptr) *count = call.arguments.size();
        if (self != nullptr) {
            give(self, call.self != nullptr ? call.self : environment.undefined());
        }
        if (data != nullptr) *data = call.data;
        return napi_ok;
    });
}

napi_status napi_call_function(napi_env env, napi_value self, napi_value function,
                               std::size_t count, const napi_value* arguments,
                               napi_value* result) {
    return sensitive(env, [&](Environment& environment) {
        auto* target = as<Function>(value_of(function), Kind::function);
        if (target == nullptr) return napi_function_expected;
        auto* receiver = self != nullptr ? value_of(self) : environment.undefined();
        auto* value = target->invoke(receiver, arguments_of(count, arguments));
        if (value == nullptr) return napi_pending_exception;
        if (result != nullptr) give(result, value);
        return napi_ok;
    });
}

napi_status napi_new_instance(napi_env env, napi_value constructor, std::size_t count,
                              const napi_value* arguments, napi_value* result) {
    return napi_call_function(env, nullptr, constructor, count, arguments, result);
}

}  // extern "C"
