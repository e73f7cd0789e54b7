// StoresCall: a Stores object as libsignal sees it, for the length of one operation.
//
// libsignal takes five store objects; one object with all methods serves as each of them. Its
// methods stand in a prototype made once, so an operation allocates one small object.
//
// Layer:   daemon/libsignal; behind session.h and sealed.h.
// Errors:  of an error that a store returns, only text would survive the way through libsignal: the
//          original is kept here and finish() gives it back.
// Threads: the owner thread.
#pragma once

#include <optional>

#include "api/base/result.h"
#include "daemon/libsignal/host.h"
#include "daemon/libsignal/napi/environment.h"
#include "daemon/libsignal/stores.h"

namespace nacre::signal {

class StoresCall {
public:
    StoresCall(Host& host, Stores& stores);
    // A closure of libsignal's that outlives the operation finds nothing here, and fails.
    ~StoresCall() { object_->host_data = nullptr; }
    StoresCall(const StoresCall&) = delete;
    StoresCall& operator=(const StoresCall&) = delete;

    Host& host() { return host_; }
    Stores& stores() { return stores_; }
    napi::Value* object() { return object_.get(); }

    void fail(const Error& error) {
        if (!failure_) failure_ = error;
    }

    // The operation's result, or the error of the store that made it fail.
    template <class T>
    Result<T> finish(Result<T> result) {
        if (failure_) return *failure_;
        return result;
    }

    // The remote device's, from the session that was stored last; 0 if none was.
    std::uint32_t remote_registration_id = 0;

private:
    Host& host_;
    Stores& stores_;
    napi::Ref<napi::Object> object_;
    std::optional<Error> failure_;
};

// The methods: loadSession, storeSession, getLocalIdentityKeyPair, …
napi::Object* make_stores_prototype(napi::Environment& environment);

}  // namespace nacre::signal
