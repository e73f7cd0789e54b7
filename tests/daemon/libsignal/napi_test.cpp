// Goal: the Node-API functions keep the promises that neon relies on, tried as an addon would.
#include <poll.h>

#include <catch2/catch_test_macros.hpp>
#include <stdexcept>
#include <thread>

#include "daemon/libsignal/napi/environment.h"

namespace nacre::napi {
namespace {

napi_value raw(Value* value) { return reinterpret_cast<napi_value>(value); }

struct Engine {
    Environment environment;
    napi_env env = environment.handle();
    Environment::Scope scope{environment};

    napi_value text(const char* content) {
        napi_value result = nullptr;
        REQUIRE(napi_create_string_utf8(env, content, NAPI_AUTO_LENGTH, &result) == napi_ok);
        return result;
    }
};

TEST_CASE_METHOD(Engine, "napi: null arguments are refused, not followed", "[libsignal][napi]") {
    napi_value value = nullptr;
    bool flag = false;
    CHECK(napi_create_object(nullptr, &value) == napi_invalid_arg);
    CHECK(napi_create_object(env, nullptr) == napi_invalid_arg);
    CHECK(napi_throw(env, nullptr) == napi_invalid_arg);  // neon probes with it
    CHECK(napi_typeof(env, nullptr, nullptr) == napi_invalid_arg);
    CHECK(napi_is_error(env, nullptr, &flag) == napi_invalid_arg);
    CHECK(napi_get_property(env, nullptr, text("key"), &value) == napi_object_expected);
    CHECK(napi_delete_reference(env, nullptr) == napi_invalid_arg);
    CHECK(napi_call_threadsafe_function(nullptr, nullptr, napi_tsfn_blocking) == napi_invalid_arg);
    CHECK(napi_create_string_utf8(env, nullptr, 4, &value) == napi_invalid_arg);
}

TEST_CASE_METHOD(Engine, "napi: while an exception is pending, only harmless calls work",
                 "[libsignal][napi]") {
    napi_value object = nullptr;
    napi_value error = nullptr;
    napi_value value = nullptr;
    REQUIRE(napi_create_object(env, &object) == napi_ok);
    REQUIRE(napi_create_error(env, nullptr, text("why"), &error) == napi_ok);
    REQUIRE(napi_throw(env, error) == napi_ok);

    CHECK(napi_get_property(env, object, text("key"), &value) == napi_pending_exception);
    CHECK(napi_set_property(env, object, text("key"), error) == napi_pending_exception);
    CHECK(napi_throw(env, error) == napi_pending_exception);
    napi_valuetype type = napi_undefined;
    CHECK(napi_typeof(env, object, &type) == napi_ok);
    bool pending = false;
    CHECK(napi_is_exception_pending(env, &pending) == napi_ok);
    CHECK(pending);
    CHECK(napi_get_and_clear_last_exception(env, &value) == napi_ok);
    CHECK(value == error);
    CHECK(napi_get_property(env, object, text("key"), &value) == napi_ok);
    CHECK(value == raw(environment.undefined()));
}

TEST_CASE_METHOD(Engine, "napi: a C++ exception becomes a status", "[libsignal][napi]") {
    auto* function = environment.make_function([](const Call&) -> Value* {
        throw std::runtime_error{"never to reach Rust"};
    });
    napi_value result = nullptr;
    CHECK(napi_call_function(env, nullptr, raw(function), 0, nullptr, &result) ==
          napi_generic_failure);
}

TEST_CASE_METHOD(Engine, "napi: a string is copied as far as the buffer reaches",
                 "[libsignal][napi]") {
    const auto string = text("na\xC3\xAFve");
    std::size_t length = 0;
    CHECK(napi_get_value_string_utf8(env, string, nullptr, 0, &length) == napi_ok);
    CHECK(length == 6);
    char buffer[7];
    CHECK(napi_get_value_string_utf8(env, string, buffer, sizeof buffer, &length) == napi_ok);
    CHECK(std::string_view{buffer} == "na\xC3\xAFve");
    // Never inside a sequence.
    CHECK(napi_get_value_string_utf8(env, string, buffer, 4, &length) == napi_ok);
    CHECK(std::string_view{buffer} == "na");
    CHECK(napi_get_value_string_utf8(env, raw(environment.null()), buffer, 4, &length) ==
          napi_string_expected);
}

TEST_CASE_METHOD(Engine, "napi: a typed array stays within its buffer", "[libsignal][napi]") {
    void* data = nullptr;
    napi_value buffer = nullptr;
    napi_value array = nullptr;
    REQUIRE(napi_create_arraybuffer(env, 10, &data, &buffer) == napi_ok);
    CHECK(napi_create_typedarray(env, napi_uint8_array, 11, buffer, 0, &array) == napi_invalid_arg);
    CHECK(napi_create_typedarray(env, napi_uint8_array, 1, buffer, 10, &array) == napi_invalid_arg);
    CHECK(napi_create_typedarray(env, napi_uint32_array, 3, buffer, 0, &array) == napi_invalid_arg);
    CHECK(napi_create_typedarray(env, napi_uint8_array, SIZE_MAX, buffer, 1, &array) ==
          napi_invalid_arg);
    REQUIRE(napi_create_typedarray(env, napi_uint32_array, 2, buffer, 1, &array) == napi_ok);
    napi_typedarray_type type = napi_int8_array;
    std::size_t length = 0;
    std::size_t offset = 0;
    void* at = nullptr;
    napi_value same = nullptr;
    REQUIRE(napi_get_typedarray_info(env, array, &type, &length, &at, &same, &offset) == napi_ok);
    CHECK(type == napi_uint32_array);
    CHECK(length == 2);
    CHECK(offset == 1);
    CHECK(at == static_cast<char*>(data) + 1);
    CHECK(same == buffer);
}

TEST_CASE_METHOD(Engine, "napi: an array does not grow without bounds", "[libsignal][napi]") {
    napi_value array = nullptr;
    REQUIRE(napi_create_array(env, &array) == napi_ok);
    CHECK(napi_set_element(env, array, 3, raw(environment.null())) == napi_ok);
    std::uint32_t length = 0;
    CHECK(napi_get_array_length(env, array, &length) == napi_ok);
    CHECK(length == 4);
    napi_value element = nullptr;
    CHECK(napi_get_element(env, array, 0, &element) == napi_ok);
    CHECK(element == raw(environment.undefined()));
    CHECK(napi_get_element(env, array, 99, &element) == napi_ok);
    CHECK(element == raw(environment.undefined()));
    CHECK(napi_set_element(env, array, UINT32_MAX, element) == napi_invalid_arg);
}

TEST_CASE_METHOD(Engine, "napi: a callback sees its arguments, this and data",
                 "[libsignal][napi]") {
    static int data = 0;
    const napi_callback callback = [](napi_env here, napi_callback_info info) -> napi_value {
        std::size_t count = 3;
        napi_value arguments[3] = {};
        napi_value self = nullptr;
        void* given = nullptr;
        REQUIRE(napi_get_cb_info(here, info, &count, arguments, &self, &given) == napi_ok);
        CHECK(count == 1);
        CHECK(given == &data);
        auto& engine = *Environment::from(here);
        CHECK(arguments[1] == raw(engine.undefined()));
        CHECK(self == raw(engine.boolean(true)));
        REQUIRE(napi_get_cb_info(here, info, nullptr, nullptr, nullptr, nullptr) == napi_ok);
        return arguments[0];
    };
    napi_value function = nullptr;
    REQUIRE(napi_create_function(env, nullptr, 0, callback, &data, &function) == napi_ok);
    const auto argument = text("argument");
    napi_value result = nullptr;
    REQUIRE(napi_call_function(env, raw(environment.boolean(true)), function, 1, &argument,
                               &result) == napi_ok);
    CHECK(result == argument);

    // bind(self, argument), and then called without either.
    napi_value bind = nullptr;
    REQUIRE(napi_get_property(env, function, text("bind"), &bind) == napi_ok);
    const napi_value bound_to[] = {raw(environment.boolean(true)), argument};
    napi_value bound = nullptr;
    REQUIRE(napi_call_function(env, function, bind, 2, bound_to, &bound) == napi_ok);
    REQUIRE(napi_call_function(env, nullptr, bound, 0, nullptr, &result) == napi_ok);
    CHECK(result == argument);
}

TEST_CASE("napi: finalizers run outside of the addon, once", "[libsignal][napi]") {
    Environment environment;
    int finalized = 0;
    const napi_finalize finalizer = [](napi_env, void* data, void*) { ++*static_cast<int*>(data); };
    {
        const Environment::Scope outer{environment};
        {
            const Environment::Scope inner{environment};
            napi_value external = nullptr;
            napi_create_external(environment.handle(), &finalized, finalizer, nullptr, &external);
        }
        CHECK(finalized == 0);  // the addon may still be on the stack
    }
    CHECK(finalized == 1);
}

TEST_CASE("napi: a reference keeps its value, until the end at most", "[libsignal][napi]") {
    int finalized = 0;
    const napi_finalize finalizer = [](napi_env, void* data, void*) { ++*static_cast<int*>(data); };
    {
        Environment environment;
        napi_ref reference = nullptr;
        {
            const Environment::Scope scope{environment};
            napi_value external = nullptr;
            napi_create_external(environment.handle(), &finalized, finalizer, nullptr, &external);
            REQUIRE(napi_create_reference(environment.handle(), external, 1, &reference) ==
                    napi_ok);
        }
        CHECK(finalized == 0);
        const Environment::Scope scope{environment};
        napi_value value = nullptr;
        CHECK(napi_get_reference_value(environment.handle(), reference, &value) == napi_ok);
        void* data = nullptr;
        CHECK(napi_get_value_external(environment.handle(), value, &data) == napi_ok);
        CHECK(data == &finalized);
    }
    CHECK(finalized == 1);
}

struct Seen {
    int calls = 0;
    int drops = 0;
};

napi_threadsafe_function make_threadsafe(Environment& environment, Seen& seen) {
    const napi_threadsafe_function_call_js call = [](napi_env env, napi_value, void* context,
                                                     void*) {
        auto& counts = *static_cast<Seen*>(context);
        ++(env != nullptr ? counts.calls : counts.drops);
    };
    napi_threadsafe_function function = nullptr;
    REQUIRE(napi_create_threadsafe_function(environment.handle(), nullptr, nullptr, nullptr, 0, 1,
                                            nullptr, nullptr, &seen, call,
                                            &function) == napi_ok);
    return function;
}

TEST_CASE("napi: calls from other threads arrive in order, from pump()", "[libsignal][napi]") {
    Environment environment;
    Seen seen;
    auto* function = make_threadsafe(environment, seen);
    std::thread{[&] {
        for (int i = 0; i < 1000; ++i) {
            napi_call_threadsafe_function(function, nullptr, napi_tsfn_blocking);
        }
    }}.join();
    CHECK(seen.calls == 0);
    environment.pump();
    CHECK(seen.calls == 1000);
}

TEST_CASE("napi: what is queued at the end is dropped without an environment",
          "[libsignal][napi]") {
    Seen seen;
    {
        Environment environment;
        auto* function = make_threadsafe(environment, seen);
        napi_call_threadsafe_function(function, nullptr, napi_tsfn_blocking);
    }
    CHECK(seen.calls == 0);
    CHECK(seen.drops == 1);
}

TEST_CASE("napi: a rejection that nobody looks at is counted", "[libsignal][napi]") {
    Environment environment;
    for (const bool handled : {true, false}) {
        const Environment::Scope scope{environment};
        napi_deferred deferred = nullptr;
        napi_value promise = nullptr;
        REQUIRE(napi_create_promise(environment.handle(), &deferred, &promise) == napi_ok);
        REQUIRE(napi_reject_deferred(environment.handle(), deferred, raw(environment.null())) ==
                napi_ok);
        if (handled) static_cast<Promise*>(reinterpret_cast<Value*>(promise))->outcome();
    }
    CHECK(environment.unhandled_rejections() == 1);
}

TEST_CASE("napi: the descriptor is readable while something is to be done", "[libsignal][napi]") {
    Environment environment;
    const auto readable = [&] {
        pollfd waiting{environment.queue().descriptor(), POLLIN, 0};
        return ::poll(&waiting, 1, 0) == 1;
    };
    CHECK_FALSE(readable());
    int ran = 0;
    environment.run_soon([&] {
        ++ran;
        environment.run_soon([&] { ++ran; });  // left for the next pump
    });
    CHECK(readable());
    environment.pump();
    CHECK(ran == 1);
    CHECK(readable());
    environment.pump();
    CHECK(ran == 2);
    CHECK_FALSE(readable());
}

}  // namespace
}  // namespace nacre::napi
