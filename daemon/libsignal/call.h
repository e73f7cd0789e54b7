// Calling libsignal's functions with C++ types, as native.h declares them:
//
//     Bytes signature = NACRE_TRY(call(host, native::PrivateKey_Sign, key, message));
//
// Layer:   daemon/libsignal; for the wrappers.
// Secrets: bytes are copied into array buffers, which are zeroed when freed.
// Errors:  what libsignal throws or rejects with, see errors.h; `where` is the function's name.
// Threads: the owner thread.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "api/base/bytes.h"
#include "api/base/result.h"
#include "daemon/libsignal/errors.h"
#include "daemon/libsignal/handle.h"
#include "daemon/libsignal/host.h"
#include "daemon/libsignal/library.h"
#include "daemon/libsignal/native.h"

namespace nacre::signal {

// A promise of libsignal's and how to cancel what it stands for.
struct Started {
    napi::Ref<napi::Promise> promise;
    Literal name;
};

// Type T of native.h: how a C++ value becomes one (`put`), and how it becomes a C++ value (`get`:
// nothing if it turns out to be of another type).
template <class T>
struct Convert;

template <class T>
using Given = typename decltype(Convert<T>::get(nullptr))::value_type;

template <>
struct Convert<native::Number> {
    static napi::Value* put(Library& library, double number) {
        return library.environment().make<napi::Number>(number);
    }
    static std::optional<double> get(napi::Value* value) {
        auto* number = napi::as<napi::Number>(value, napi::Kind::number);
        return number != nullptr ? std::optional{number->value} : std::nullopt;
    }
};

template <>
struct Convert<native::Timestamp> {
    static napi::Value* put(Library& library, std::int64_t milliseconds) {
        return library.environment().make<napi::Number>(static_cast<double>(milliseconds));
    }
    static std::optional<std::int64_t> get(napi::Value* value) {
        // Whole below 2^53; a certificate of a hostile server may say more.
        constexpr double kMost = 9007199254740992.0;
        const auto number = Convert<native::Number>::get(value);
        if (!number || !(*number >= -kMost && *number <= kMost)) return std::nullopt;
        return static_cast<std::int64_t>(*number);
    }
};

template <>
struct Convert<native::Boolean> {
    static napi::Value* put(Library& library, bool truth) {
        return library.environment().boolean(truth);
    }
    static std::optional<bool> get(napi::Value* value) {
        auto* boolean = napi::as<napi::Boolean>(value, napi::Kind::boolean);
        return boolean != nullptr ? std::optional{boolean->value} : std::nullopt;
    }
};

template <>
struct Convert<native::BigInt> {
    static napi::Value* put(Library& library, std::uint64_t number) {
        return library.environment().make<napi::BigInt>(number);
    }
    static std::optional<std::uint64_t> get(napi::Value* value) {
        auto* number = napi::as<napi::BigInt>(value, napi::Kind::bigint);
        return number != nullptr ? std::optional{number->value} : std::nullopt;
    }
};

template <>
struct Convert<native::Text> {
    static napi::Value* put(Library& library, std::string_view text) {
        return library.environment().make<napi::String>(text);
    }
    static std::optional<std::string> get(napi::Value* value) {
        auto* text = napi::as<napi::String>(value, napi::Kind::string);
        return text != nullptr ? std::optional{text->text} : std::nullopt;
    }
};

template <>
struct Convert<native::Buffer> {
    static napi::Value* put(Library& library, ByteView bytes) {
        auto& environment = library.environment();
        auto* buffer = environment.make<napi::ArrayBuffer>(bytes.size());
        std::copy(bytes.begin(), bytes.end(), buffer->data());
        return environment.make<napi::TypedArray>(napi_uint8_array, bytes.size(), buffer, 0U);
    }
    static std::optional<Bytes> get(napi::Value* value) {
        auto* array = napi::as<napi::TypedArray>(value, napi::Kind::typed_array);
        if (array == nullptr || array->type != napi_uint8_array) return std::nullopt;
        return Bytes{array->data(), array->data() + array->length};
    }
};

template <>
struct Convert<native::Any> {
    static napi::Value* put(Library&, napi::Value* value) { return value; }
    static std::optional<napi::Ref<>> get(napi::Value* value) { return napi::Ref<>{value}; }
};

template <class T>
struct Convert<native::In<T>> {
    static napi::Value* put(Library& library, const Typed<T>& handle) {
        return library.wrap(handle.value());
    }
};

template <class T>
struct Convert<native::Out<T>> {
    static std::optional<Typed<T>> get(napi::Value* value) {
        if (value == nullptr || value->kind() != napi::Kind::external) return std::nullopt;
        return Typed<T>{value};
    }
};

template <class T>
struct Convert<native::OrNull<T>> {
    // A null pointer in place of no handle, an empty optional in place of anything else.
    using Inner = Convert<T>;
    static napi::Value* put(Library& library, const auto& value) {
        return value ? Inner::put(library, *value) : library.environment().null();
    }
    static auto get(napi::Value* value) {
        using Gives = std::optional<Given<T>>;
        if (value != nullptr && value->kind() == napi::Kind::null) {
            return std::optional<Gives>{Gives{}};
        }
        auto inner = Inner::get(value);
        return inner ? std::optional<Gives>{std::move(inner)} : std::nullopt;
    }
};

template <class T>
struct Convert<native::ArrayOf<T>> {
    static napi::Value* put(Library& library, const auto& values) {
        auto* array = library.environment().template make<napi::Array>();
        for (const auto& value : values) {
            array->elements.emplace_back(Convert<T>::put(library, value));
        }
        return array;
    }
    static auto get(napi::Value* value) {
        using Gives = std::vector<Given<T>>;
        std::optional<Gives> result;
        auto* array = napi::as<napi::Array>(value, napi::Kind::array);
        if (array == nullptr) return result;
        result.emplace();
        for (const auto& element : array->elements) {
            auto inner = Convert<T>::get(element.get());
            if (!inner) return std::optional<Gives>{};
            result->push_back(std::move(*inner));
        }
        return result;
    }
};

// The value as type T, or the error of a libsignal that does not keep to its declarations.
template <class T>
auto converted(napi::Value* value, Literal name) {
    auto result = Convert<T>::get(value);
    using Gives = Result<Given<T>>;
    if (!result) return Gives{Error{ErrorCode::internal, name, 0, "TypeError"}};
    return Gives{std::move(*result)};
}

// Pumps until the promise is settled. Operations with stores alone: those never wait for anything
// but us.
Result<napi::Value*> await(Host& host, napi::Promise& promise, Literal name);

template <class R>
struct Finish {
    static auto run(Host&, napi::Value* value, Literal name) { return converted<R>(value, name); }
};

template <>
struct Finish<native::Void> {
    static Result<void> run(Host&, napi::Value*, Literal) { return {}; }
};

template <class T>
struct Finish<native::PromiseOf<T>> {
    static auto run(Host& host, napi::Value* value, Literal name)
        -> decltype(Finish<T>::run(host, value, name)) {
        auto* promise = napi::as<napi::Promise>(value, napi::Kind::promise);
        if (promise == nullptr) return Error{ErrorCode::internal, name, 0, "TypeError"};
        auto outcome = await(host, *promise, name);
        if (!outcome) return outcome.error();
        return Finish<T>::run(host, *outcome, name);
    }
};

template <class T>
struct Finish<native::CancellableOf<T>> {
    static Result<Started> run(Host&, napi::Value* value, Literal name) {
        auto* promise = napi::as<napi::Promise>(value, napi::Kind::promise);
        if (promise == nullptr) return Error{ErrorCode::internal, name, 0, "TypeError"};
        return Started{promise, name};
    }
};

template <class R, class... Types, class... Arguments>
auto call(Host& host, const native::Function<R(Types...)>& function, Arguments&&... arguments) {
    static_assert(sizeof...(Types) == sizeof...(Arguments), "see native.h");
    Library& library = host.library();
    const napi::Environment::Scope scope{library.environment()};
    const std::array<napi::Value*, sizeof...(Types)> values{
        Convert<Types>::put(library, arguments)...};
    auto result = library.call(function.index, function.name, values);
    using Returns = decltype(Finish<R>::run(host, nullptr, function.name));
    if (!result) return Returns{result.error()};
    return Finish<R>::run(host, *result, function.name);
}

}  // namespace nacre::signal
