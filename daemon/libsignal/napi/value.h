// Value: the JavaScript values that an addon sees, as far as one needs them.
//
// Intrusive reference counts and no collector: a value goes when its last reference goes, so
// lifetimes are deterministic. Cycles are the caller's to avoid. `napi_value` is a Value*.
//
// Layer:   daemon/libsignal/napi. Knows nothing of Signal.
// Secrets: array buffers are zeroed when freed. Strings are not: the executable's zero-on-free is
//          for those.
// Threads: the environment's owner thread alone; counts are not atomic.
#pragma once

#include <node_api.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nacre::napi {

class Environment;

enum class Kind : std::uint8_t {
    undefined,
    null,
    boolean,
    number,
    bigint,
    string,
    external,
    date,
    array_buffer,
    typed_array,
    // From here on: with properties.
    object,
    array,
    function,
    error,
    promise,
};

class Value {
public:
    Value(Environment& environment, Kind kind);
    Value(const Value&) = delete;
    Value& operator=(const Value&) = delete;

    Kind kind() const { return kind_; }
    Environment& environment() const { return environment_; }
    void retain() { ++references_; }
    void release() {
        if (--references_ == 0) delete this;
    }

protected:
    virtual ~Value();

private:
    Environment& environment_;
    std::uint32_t references_ = 0;
    Kind kind_;
};

// A strong reference.
template <class T = Value>
class Ref {
public:
    Ref() = default;
    // NOLINTNEXTLINE(google-explicit-constructor): a reference is as good as the pointer.
    Ref(T* value) : value_{value} {
        if (value_ != nullptr) value_->retain();
    }
    Ref(const Ref& other) : Ref{other.value_} {}
    Ref(Ref&& other) noexcept : value_{std::exchange(other.value_, nullptr)} {}
    Ref& operator=(Ref other) noexcept {
        std::swap(value_, other.value_);
        return *this;
    }
    ~Ref() {
        if (value_ != nullptr) value_->release();
    }

    T* get() const { return value_; }
    T* operator->() const { return value_; }
    T& operator*() const { return *value_; }
    explicit operator bool() const { return value_ != nullptr; }

private:
    T* value_ = nullptr;
};

template <class T>
T* as(Value* value, Kind kind) {
    return value != nullptr && value->kind() == kind ? static_cast<T*>(value) : nullptr;
}

class Boolean final : public Value {
public:
    Boolean(Environment& environment, bool truth)
        : Value{environment, Kind::boolean}, value{truth} {}
    const bool value;
};

class Number final : public Value {
public:
    Number(Environment& environment, double number)
        : Value{environment, Kind::number}, value{number} {}
    const double value;
};

class BigInt final : public Value {
public:
    BigInt(Environment& environment, std::uint64_t number)
        : Value{environment, Kind::bigint}, value{number} {}
    const std::uint64_t value;
};

class Date final : public Value {
public:
    Date(Environment& environment, double number)
        : Value{environment, Kind::date}, milliseconds{number} {}
    const double milliseconds;
};

class String final : public Value {
public:
    String(Environment& environment, std::string_view content)
        : Value{environment, Kind::string}, text{content} {}
    const std::string text;
};

// What the addon wants called when a value goes. Runs outside of the addon, see Environment.
struct Finalizer {
    napi_finalize function = nullptr;
    void* data = nullptr;
    void* hint = nullptr;
};

// A pointer of the addon's; what libsignal's handles are.
class External final : public Value {
public:
    External(Environment& environment, void* pointer, Finalizer finalizer)
        : Value{environment, Kind::external}, data{pointer}, finalizer_{finalizer} {}
    void* const data;

private:
    ~External() override;
    Finalizer finalizer_;
};

// Bytes that do not move, and are zeroed at the end.
class ArrayBuffer final : public Value {
public:
    ArrayBuffer(Environment& environment, std::size_t size);
    std::uint8_t* data() const { return data_; }
    std::size_t size() const { return size_; }

private:
    ~ArrayBuffer() override;
    std::uint8_t* data_;
    std::size_t size_;
};

class TypedArray final : public Value {
public:
    TypedArray(Environment& environment, napi_typedarray_type of, std::size_t elements,
               ArrayBuffer* bytes, std::size_t from)
        : Value{environment, Kind::typed_array},
          type{of},
          length{elements},
          offset{from},
          buffer{bytes} {}
    std::uint8_t* data() const { return buffer->data() + offset; }

    const napi_typedarray_type type;
    const std::size_t length;  // in elements
    const std::size_t offset;  // in bytes
    const Ref<ArrayBuffer> buffer;
};

// Properties in the order they were set. Objects here have a handful; a prototype, shared by many,
// answers for what an object does not have itself.
class Object : public Value {
public:
    explicit Object(Environment& environment, Kind kind = Kind::object)
        : Value{environment, kind} {}

    // Null if there is none.
    virtual Value* get(std::string_view name) const;
    void set(std::string_view name, Value* value);
    // Own properties, in order.
    template <class Visit>
    void each(Visit&& visit) const {
        for (const auto& [name, value] : properties_) visit(name, value.get());
    }
    void set_prototype(Object* prototype) { prototype_ = prototype; }

    // The host's own data, for functions that are called with this object as `this`.
    void* host_data = nullptr;
    // What the addon attached with napi_add_finalizer.
    void add_finalizer(Finalizer finalizer) { finalizers_.push_back(finalizer); }

protected:
    ~Object() override;

private:
    std::vector<std::pair<std::string, Ref<>>> properties_;
    Ref<Object> prototype_;
    std::vector<Finalizer> finalizers_;
};

class Array final : public Object {
public:
    explicit Array(Environment& environment) : Object{environment, Kind::array} {}
    std::vector<Ref<>> elements;  // an empty reference reads as undefined
};

class ErrorValue final : public Object {
public:
    ErrorValue(Environment& environment, std::string_view text)
        : Object{environment, Kind::error}, message{text} {}
    const std::string message;
};

// What a function is called with.
struct Call {
    Environment& environment;
    Value* self;
    std::span<Value* const> arguments;

    // Undefined where none was given.
    Value* argument(std::size_t index) const;
    void* data = nullptr;  // the addon's, for its own functions
};

// Made by the addon (a napi_callback) or by the host. A host function returns a value that is alive
// (null for undefined), or throws through the environment.
class Function final : public Object {
public:
    using HostFunction = std::function<Value*(const Call&)>;
    Function(Environment& environment, napi_callback callback, void* data)
        : Object{environment, Kind::function}, callback_{callback}, data_{data} {}
    Function(Environment& environment, HostFunction host)
        : Object{environment, Kind::function}, host_{std::move(host)} {}

    // Null after an exception, which is then pending. The result stands in the innermost scope.
    Value* invoke(Value* self, std::span<Value* const> arguments);

private:
    napi_callback callback_ = nullptr;
    void* data_ = nullptr;
    HostFunction host_;
};

// Settled by the addon through a deferred. Reactions run from the event queue, outside of the
// addon.
class Promise final : public Object {
public:
    enum class State : std::uint8_t { pending, fulfilled, rejected };
    using Reaction = std::function<void(Promise&)>;

    explicit Promise(Environment& environment) : Object{environment, Kind::promise} {}

    State state() const { return state_; }
    // The result or the reason, null while pending. Looking at it counts as handling a rejection.
    Value* outcome();
    void settle(State state, Value* outcome);
    // One reaction; it runs from a later pump, also if the promise is settled already.
    void on_settled(Reaction reaction);

private:
    ~Promise() override;
    Ref<> outcome_;
    Reaction reaction_;
    State state_ = State::pending;
    bool handled_ = false;
};

}  // namespace nacre::napi
