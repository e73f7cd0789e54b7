#include "daemon/libsignal/napi/value.h"

#include <cstdlib>
#include <cstring>

#include "daemon/libsignal/napi/environment.h"

namespace nacre::napi {

Value::Value(Environment& environment, Kind kind) : environment_{environment}, kind_{kind} {
    environment_.count_value(+1);
}

Value::~Value() { environment_.count_value(-1); }

External::~External() { environment().finalize_later(finalizer_); }

ArrayBuffer::ArrayBuffer(Environment& environment, std::size_t size)
    : Value{environment, Kind::array_buffer},
      data_{new std::uint8_t[size == 0 ? 1 : size]()},
      size_{size} {}

ArrayBuffer::~ArrayBuffer() {
    explicit_bzero(data_, size_);
    delete[] data_;
}

Value* Object::get(std::string_view name) const {
    for (const auto& [key, value] : properties_) {
        if (key == name) return value.get();
    }
    return prototype_ ? prototype_->get(name) : nullptr;
}

void Object::set(std::string_view name, Value* value) {
    for (auto& [key, old] : properties_) {
        if (key == name) {
            old = value;
            return;
        }
    }
    properties_.emplace_back(name, value);
}

Object::~Object() {
    for (const Finalizer& finalizer : finalizers_) environment().finalize_later(finalizer);
}

Value* Call::argument(std::size_t index) const {
    return index < arguments.size() ? arguments[index] : environment.undefined();
}

Value* Function::invoke(Value* self, std::span<Value* const> arguments) {
    Environment& here = environment();
    Call call{here, self, arguments, data_};
    const Ref<Function> alive{this};
    Value* result = nullptr;
    if (callback_ != nullptr) {
        result = reinterpret_cast<Value*>(
            callback_(here.handle(), reinterpret_cast<napi_callback_info>(&call)));
    } else {
        result = host_(call);
        if (result != nullptr) here.keep(result);
    }
    if (here.exception_pending()) return nullptr;
    return result != nullptr ? result : here.undefined();
}

Value* Promise::outcome() {
    handled_ = true;
    return outcome_.get();
}

void Promise::settle(State state, Value* outcome) {
    state_ = state;
    outcome_ = outcome;
    if (!reaction_) return;
    auto reaction = std::exchange(reaction_, nullptr);
    on_settled(std::move(reaction));
}

void Promise::on_settled(Reaction reaction) {
    handled_ = true;
    if (state_ == State::pending) {
        reaction_ = std::move(reaction);
        return;
    }
    environment().run_later([self = Ref<Promise>{this}, reaction = std::move(reaction)] {
        reaction(*self);
    });
}

Promise::~Promise() {
    if (state_ == State::rejected && !handled_) environment().report_unhandled_rejection();
}

}  // namespace nacre::napi
