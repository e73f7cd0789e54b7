// Result<T>: a value or an Error. nacre throws no exceptions of its own.
//
// Layer:   api/base.
// Errors:  reading the value of a failed Result aborts: it is a bug, and a crash ends locked.
// Threads: values; use from any thread.
#pragma once

#include <cstdlib>
#include <optional>
#include <utility>
#include <variant>

#include "api/base/error.h"

namespace nacre {

template <class T>
class [[nodiscard]] Result {
public:
    using value_type = T;

    // NOLINTBEGIN(google-explicit-constructor): `return value;` and `return Error{…};` are meant.
    Result(T value) : state_{std::in_place_index<0>, std::move(value)} {}
    Result(Error error) : state_{std::in_place_index<1>, error} {}
    // NOLINTEND(google-explicit-constructor)

    bool ok() const { return state_.index() == 0; }
    explicit operator bool() const { return ok(); }

    T& value() & { return ok() ? *std::get_if<0>(&state_) : (std::abort(), *std::get_if<0>(&state_)); }
    const T& value() const& {
        return ok() ? *std::get_if<0>(&state_) : (std::abort(), *std::get_if<0>(&state_));
    }
    T&& value() && { return std::move(value()); }
    T& operator*() & { return value(); }
    const T& operator*() const& { return value(); }
    T&& operator*() && { return std::move(*this).value(); }
    T* operator->() { return &value(); }
    const T* operator->() const { return &value(); }

    const Error& error() const {
        if (ok()) std::abort();
        return *std::get_if<1>(&state_);
    }

private:
    std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
public:
    using value_type = void;

    Result() = default;
    // NOLINTNEXTLINE(google-explicit-constructor): `return Error{…};` is meant.
    Result(Error error) : error_{error} {}

    bool ok() const { return !error_; }
    explicit operator bool() const { return ok(); }
    void value() const {
        if (error_) std::abort();
    }
    const Error& error() const { return error_ ? *error_ : (std::abort(), *error_); }

private:
    std::optional<Error> error_;
};

}  // namespace nacre

// Yields the value of a Result expression, or returns its error from the enclosing function:
//     auto record = NACRE_TRY(load_session(address));
// Not inside braces or a constructor's arguments with other members: GCC 12 leaks what it has built
// of them when the statement returns.
#define NACRE_TRY(expression) NACRE_TRY_NAMED(expression, __COUNTER__)
#define NACRE_TRY_NAMED(expression, number) NACRE_TRY_JOINED(expression, number)
#define NACRE_TRY_JOINED(expression, number) NACRE_TRY_AS(expression, nacre_try_##number)
#define NACRE_TRY_AS(expression, name)               \
    ({                                               \
        auto name = (expression);                    \
        if (!name.ok()) return name.error();         \
        std::move(name).value();                     \
    })
