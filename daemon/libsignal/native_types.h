// How the types of libsignal's Native.d.ts are named in native.h, and its one template.
//
// Layer:   daemon/libsignal; for native.h and call.h. The types are names only: call.h says what
//          each takes and gives in C++.
// Threads: none; compile time.
#pragma once

#include <cstdint>

#include "api/base/error.h"

namespace nacre::signal::native {

struct Void;
struct Number;     // number
struct Timestamp;  // number of milliseconds
struct Boolean;
struct BigInt;
struct Text;    // string
struct Buffer;  // Uint8Array
struct Any;     // everything that C++ handles by itself: stores, listeners, records
template <class T>
struct In;  // Wrapper<T>: an object with the handle
template <class T>
struct Out;  // T: the bare handle
template <class T>
struct OrNull;  // T | null
template <class T>
struct ArrayOf;  // Array<T>
template <class T>
struct PromiseOf;  // Promise<T>: done while the host pumps, for operations with stores
template <class T>
struct CancellableOf;  // CancellablePromise<T>: runs on a runtime's threads

template <class Signature>
struct Function {
    std::uint16_t index;  // in the table of looked-up functions
    Literal name;         // libsignal's, and the `where` of errors
};

}  // namespace nacre::signal::native
