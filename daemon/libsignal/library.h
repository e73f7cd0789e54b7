// Library: the loaded addon behind a Host: its environment, its functions by number, and the few
// objects of ours that libsignal calls back into.
//
// Layer:   daemon/libsignal; behind the wrappers' headers.
// Threads: the owner thread.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "api/base/result.h"
#include "daemon/libsignal/napi/environment.h"

namespace nacre::signal {

// Something with a `then` that calls back at once: the quickest way to answer libsignal.
class Resolved final : public napi::Object {
public:
    Resolved(napi::Environment& environment, napi::Value* answer)
        : Object{environment}, answer_{answer} {
        host_data = this;
    }
    napi::Value* answer() const { return answer_.get(); }

private:
    napi::Ref<> answer_;
};

// {_nativeHandle: handle}: how libsignal wants its objects passed in.
class Wrapped final : public napi::Object {
public:
    Wrapped(napi::Environment& environment, napi::Value* handle)
        : Object{environment}, handle_{handle} {}
    napi::Value* get(std::string_view name) const override {
        return name == "_nativeHandle" ? handle_.get() : Object::get(name);
    }

private:
    napi::Ref<> handle_;
};

class Library {
public:
    static Result<std::unique_ptr<Library>> load(const std::filesystem::path& addon);

    napi::Environment& environment() { return environment_; }

    // Calls function `index`. Within a Scope, where the result then stands; null arguments are not
    // allowed. What was thrown comes back as an Error of operation `name`.
    Result<napi::Value*> call(std::uint16_t index, Literal name,
                              std::span<napi::Value* const> arguments);

    // How many there have been.
    std::uint64_t calls() const { return calls_; }

    napi::Value* wrap(napi::Value* handle) { return environment_.make<Wrapped>(handle); }
    // A Resolved in the innermost scope.
    napi::Value* resolved(napi::Value* answer);

    // The methods of stores.h, for objects whose host_data is a StoresCall (stores_call.h).
    napi::Object* stores_prototype() { return stores_prototype_.get(); }

private:
    Library() = default;
    Result<void> start(const std::filesystem::path& addon);

    std::uint64_t calls_ = 0;
    // First in, last out: every reference below belongs to it.
    napi::Environment environment_;
    napi::Ref<napi::Object> exports_;
    napi::Ref<napi::Object> resolved_prototype_;
    napi::Ref<napi::Object> stores_prototype_;
    // Looked up at first use: most processes need a tenth of them.
    std::vector<napi::Ref<napi::Function>> functions_;
};

}  // namespace nacre::signal
