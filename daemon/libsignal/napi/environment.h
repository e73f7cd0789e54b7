// Environment: what a Node-API addon believes to be a JavaScript engine.
//
// It owns the handle scopes, the pending exception, finalizers, references and the event queue. The
// napi_* functions (create.cpp, read.cpp, object.cpp, lifetime.cpp, threadsafe.cpp) are written
// against it; `napi_env` is an Environment*.
//
// Layer:   daemon/libsignal/napi. Knows nothing of Signal.
// Errors:  the host's side never throws; an addon's exception is a pending Value.
// Threads: made on its owner thread; a call from any other thread aborts, save run_soon() and
//          napi_call_threadsafe_function.
#pragma once

#include <chrono>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string_view>
#include <thread>
#include <vector>

#include "daemon/libsignal/napi/event_queue.h"
#include "daemon/libsignal/napi/value.h"

namespace nacre::napi {

class Environment {
public:
    Environment();
    // In this order: no more events from outside; events still queued are dropped the way the addon
    // expects it; threadsafe functions, instance data and values are finalized.
    ~Environment();
    Environment(const Environment&) = delete;
    Environment& operator=(const Environment&) = delete;

    napi_env handle() { return reinterpret_cast<napi_env>(this); }
    static Environment* from(napi_env handle) { return reinterpret_cast<Environment*>(handle); }
    void assert_owner() const {
        if (std::this_thread::get_id() != owner_) std::abort();
    }

    // Values that always exist.
    Value* undefined() { return undefined_.get(); }
    Value* null() { return null_.get(); }
    Value* boolean(bool value) { return value ? true_.get() : false_.get(); }
    Object* function_prototype() { return function_prototype_.get(); }
    Object* global() { return global_.get(); }

    // Makes a value that lives at least as long as the innermost scope.
    template <class T, class... Arguments>
    T* make(Arguments&&... arguments) {
        T* value = new T(*this, std::forward<Arguments>(arguments)...);
        keep(value);
        return value;
    }
    Function* make_function(Function::HostFunction host);

    // Holds a value until the innermost scope closes.
    void keep(Value* value) { handles_.emplace_back(value); }

    // Opened by the host around each outermost call and each event; the addon opens none.
    class Scope {
    public:
        explicit Scope(Environment& environment);
        ~Scope();
        Scope(const Scope&) = delete;
        Scope& operator=(const Scope&) = delete;

    private:
        Environment& environment_;
        std::size_t mark_;
    };

    bool exception_pending() const { return static_cast<bool>(exception_); }
    void throw_value(Value* value) { exception_ = value; }
    void throw_error(std::string_view message);
    Ref<> take_exception() { return std::exchange(exception_, {}); }

    // Finalizers run when no scope is open, that is never inside the addon.
    void finalize_later(Finalizer finalizer);

    // Runs `work` from a later pump. run_later: owner thread; run_soon: any thread, false when the
    // environment is ending.
    void run_later(std::function<void()> work);
    bool run_soon(std::function<void()> work) { return queue_.push(std::move(work)); }

    void pump();
    // False if `limit` passed first.
    bool run_until(const std::function<bool()>& done, std::chrono::milliseconds limit);
    EventQueue& queue() { return queue_; }

    // What the addon holds on to: napi_ref, and napi_deferred for its promise. The value stays
    // until the reference is deleted, whatever its count: neon deletes one whose count falls to
    // zero.
    struct Reference {
        Ref<> value;
        std::uint32_t count = 1;
        Reference* previous = nullptr;
        Reference* next = nullptr;
    };
    Reference* add_reference(Value* value, std::uint32_t count);
    void delete_reference(Reference* reference);

    ThreadsafeFunction* add_threadsafe_function(std::unique_ptr<ThreadsafeFunction> function);
    void set_instance_data(Finalizer data) { instance_data_ = data; }
    void* instance_data() const { return instance_data_.data; }

    void count_value(int change) { live_values_ += static_cast<std::size_t>(change); }
    std::size_t live_values() const { return live_values_; }
    // Rejected promises that nobody looked at: neon's way to report a failure in an event.
    void report_unhandled_rejection();
    std::size_t unhandled_rejections() const { return unhandled_rejections_; }

private:
    bool run_one();
    void dispatch(Event& event);
    void run_reactions();
    void run_finalizers();
    void drop_queued_events();
    void drop_references();

    const std::thread::id owner_ = std::this_thread::get_id();
    std::size_t live_values_ = 0;
    std::size_t unhandled_rejections_ = 0;
    std::size_t open_scopes_ = 0;
    bool finalizing_ = false;
    Finalizer instance_data_;
    std::vector<Finalizer> finalizers_;
    std::vector<Ref<>> handles_;
    std::vector<std::function<void()>> later_;
    // Taken off the queue and being worked on. Pumps nest, so they share it.
    std::vector<Event> taken_;
    std::size_t next_taken_ = 0;
    Reference* references_ = nullptr;
    Ref<> exception_;
    Ref<> undefined_, null_, true_, false_;
    Ref<Object> function_prototype_, global_;
    EventQueue queue_;
    std::vector<std::unique_ptr<ThreadsafeFunction>> threadsafe_functions_;
};

// See napi_create_threadsafe_function. Two an environment, made by neon.
class ThreadsafeFunction {
public:
    ThreadsafeFunction(EventQueue& queue, napi_threadsafe_function_call_js js, void* data,
                       Finalizer finalizer)
        : queue_{queue}, call_{js}, context_{data}, finalizer_{finalizer} {}

    // Any thread. False when the environment is ending.
    bool call_later(void* data) { return queue_.push(ThreadsafeCall{this, data}); }
    // A null environment tells the addon to drop `data` without doing anything.
    void call(napi_env environment, void* data) { call_(environment, nullptr, context_, data); }
    void finalize(napi_env environment);
    void* context() const { return context_; }

private:
    EventQueue& queue_;
    napi_threadsafe_function_call_js call_;
    void* context_;
    Finalizer finalizer_;
};

}  // namespace nacre::napi
