#include "daemon/libsignal/napi/environment.h"

#include <algorithm>

#include "api/base/log.h"

namespace nacre::napi {
namespace {

class Undefined final : public Value {
public:
    explicit Undefined(Environment& environment) : Value{environment, Kind::undefined} {}
};

class Null final : public Value {
public:
    explicit Null(Environment& environment) : Value{environment, Kind::null} {}
};

// function.bind(self, …arguments)
Value* bind(const Call& call) {
    auto* target = as<Function>(call.self, Kind::function);
    if (target == nullptr) {
        call.environment.throw_error("bind: not a function");
        return nullptr;
    }
    std::vector<Ref<>> bound;
    for (std::size_t i = 1; i < call.arguments.size(); ++i) bound.emplace_back(call.argument(i));
    return call.environment.make_function(
        [target = Ref<Function>{target}, self = Ref<>{call.argument(0)},
         bound = std::move(bound)](const Call& later) {
            std::vector<Value*> arguments;
            for (const auto& value : bound) arguments.push_back(value.get());
            arguments.insert(arguments.end(), later.arguments.begin(), later.arguments.end());
            return target->invoke(self.get(), arguments);
        });
}

}  // namespace

Environment::Environment()
    : undefined_{new Undefined{*this}},
      null_{new Null{*this}},
      true_{new Boolean{*this, true}},
      false_{new Boolean{*this, false}},
      function_prototype_{new Object{*this}},
      global_{new Object{*this}} {
    function_prototype_->set("bind", Ref<Function>{new Function{*this, bind}}.get());
}

Environment::~Environment() {
    assert_owner();
    queue_.close();
    later_.clear();
    drop_queued_events();
    for (const auto& function : threadsafe_functions_) function->finalize(handle());
    exception_ = {};
    handles_.clear();
    drop_references();
    global_ = {};
    function_prototype_ = {};
    run_finalizers();
    if (instance_data_.function != nullptr) {
        instance_data_.function(handle(), instance_data_.data, instance_data_.hint);
    }
    drop_references();
    run_finalizers();
    // undefined, null, true, false. Any other is still held by somebody, who will crash on it.
    if (live_values_ != 4) {
        log::write(log::Level::error, "libsignal: values outlive their environment",
                   {log::field("values", live_values_ - 4)});
    }
}

Function* Environment::make_function(Function::HostFunction host) {
    auto* function = make<Function>(std::move(host));
    function->set_prototype(function_prototype());
    return function;
}

Environment::Scope::Scope(Environment& environment)
    : environment_{environment}, mark_{environment.handles_.size()} {
    environment_.assert_owner();
    ++environment_.open_scopes_;
}

Environment::Scope::~Scope() {
    // Newest first. A destructor may not add handles, so the mark stays good.
    auto& handles = environment_.handles_;
    while (handles.size() > mark_) handles.pop_back();
    if (--environment_.open_scopes_ == 0) environment_.run_finalizers();
}

void Environment::throw_error(std::string_view message) {
    exception_ = new ErrorValue{*this, message};
}

void Environment::finalize_later(Finalizer finalizer) {
    if (finalizer.function == nullptr) return;
    finalizers_.push_back(finalizer);
    if (open_scopes_ == 0) run_finalizers();
}

void Environment::run_finalizers() {
    if (finalizing_) return;  // one that runs has freed another value; the loop below sees it
    finalizing_ = true;
    for (std::size_t i = 0; i < finalizers_.size(); ++i) {
        const Finalizer finalizer = finalizers_[i];
        finalizer.function(handle(), finalizer.data, finalizer.hint);
    }
    finalizers_.clear();
    finalizing_ = false;
}

void Environment::run_later(std::function<void()> work) {
    later_.push_back(std::move(work));
    // Whoever sleeps on the descriptor must come and pump.
    queue_.push(std::function<void()>{});
}

void Environment::dispatch(Event& event) {
    const Scope scope{*this};
    if (auto* call = std::get_if<ThreadsafeCall>(&event)) {
        call->function->call(handle(), call->data);
    } else if (auto& work = std::get<std::function<void()>>(event)) {
        work();
    }
    if (take_exception()) report_unhandled_rejection();
}

void Environment::run_reactions() {
    while (!later_.empty()) {
        auto reactions = std::exchange(later_, {});
        for (auto& reaction : reactions) {
            const Scope scope{*this};
            reaction();
        }
    }
}

bool Environment::run_one() {
    if (next_taken_ == taken_.size()) {
        queue_.take(taken_);
        next_taken_ = 0;
        if (taken_.empty()) return false;
    }
    Event event = std::move(taken_[next_taken_++]);
    dispatch(event);
    // Right after what settled their promises.
    run_reactions();
    return true;
}

void Environment::pump() {
    assert_owner();
    queue_.begin_pumping();
    // Bounded by what is there now, so that a busy network cannot keep the caller here.
    std::size_t left = queue_.size() + taken_.size() - next_taken_;
    while (left > 0 && run_one()) --left;
    queue_.end_pumping(next_taken_ < taken_.size());
}

bool Environment::run_until(const std::function<bool()>& done, std::chrono::milliseconds limit) {
    using Clock = std::chrono::steady_clock;
    assert_owner();
    const auto deadline = Clock::now() + limit;
    queue_.begin_pumping();
    bool finished = done();
    while (!finished) {
        if (!run_one()) {
            const auto left =
                std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
            if (left <= 0) break;
            queue_.wait(static_cast<int>(std::min<long long>(left, 60'000)));
        }
        finished = done();
    }
    queue_.end_pumping(next_taken_ < taken_.size());
    return finished;
}

Environment::Reference* Environment::add_reference(Value* value, std::uint32_t count) {
    auto* reference = new Reference{value, count, nullptr, references_};
    if (references_ != nullptr) references_->previous = reference;
    references_ = reference;
    return reference;
}

void Environment::delete_reference(Reference* reference) {
    if (reference->previous != nullptr) {
        reference->previous->next = reference->next;
    } else {
        references_ = reference->next;
    }
    if (reference->next != nullptr) reference->next->previous = reference->previous;
    delete reference;
}

void Environment::drop_references() {
    while (references_ != nullptr) delete_reference(references_);
}

ThreadsafeFunction* Environment::add_threadsafe_function(
    std::unique_ptr<ThreadsafeFunction> function) {
    return threadsafe_functions_.emplace_back(std::move(function)).get();
}

void Environment::report_unhandled_rejection() {
    ++unhandled_rejections_;
    log::write(log::Level::warning, "libsignal: a failure that nobody handled");
}

void Environment::drop_queued_events() {
    std::vector<Event> rest;
    queue_.take(rest);
    const auto drop = [](Event& event) {
        auto* call = std::get_if<ThreadsafeCall>(&event);
        if (call != nullptr) call->function->call(nullptr, call->data);
    };
    for (; next_taken_ < taken_.size(); ++next_taken_) drop(taken_[next_taken_]);
    for (Event& event : rest) drop(event);
    taken_.clear();
    next_taken_ = 0;
}

void ThreadsafeFunction::finalize(napi_env environment) {
    if (finalizer_.function != nullptr) {
        finalizer_.function(environment, finalizer_.data, finalizer_.hint);
    }
}

}  // namespace nacre::napi
