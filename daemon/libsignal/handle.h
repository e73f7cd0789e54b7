// Handle: one of libsignal's objects (a key, a record, a connection), freed with its last holder.
//
// Layer:   daemon/libsignal; behind the wrappers' headers.
// Secrets: the object may hold keys; libsignal and the executable's zero-on-free wipe it.
// Threads: made, used and destroyed on the Host's owner thread, before the Host.
#pragma once

#include <utility>

#include "daemon/libsignal/napi/value.h"

namespace nacre::signal {

class Handle {
public:
    explicit Handle(napi::Ref<> external) : external_{std::move(external)} {}
    napi::Value* value() const { return external_.get(); }

private:
    napi::Ref<> external_;
};

// The same, with libsignal's type: Typed<native::PublicKey>.
template <class T>
class Typed {
public:
    explicit Typed(napi::Ref<> external) : external_{std::move(external)} {}
    napi::Value* value() const { return external_.get(); }
    Handle untyped() && { return Handle{std::move(external_)}; }

private:
    napi::Ref<> external_;
};

}  // namespace nacre::signal
