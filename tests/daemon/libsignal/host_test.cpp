// Goal: whatever goes wrong behind libsignal's functions arrives as an Error, and nothing leaks.
#include "daemon/libsignal/host.h"

#include <malloc.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "daemon/libsignal/call.h"
#include "tests/daemon/libsignal/support.h"
#include "daemon/libsignal/sealed.h"
#include "tests/support/certificates.h"
#include "tests/support/matchers.h"
#include "tests/support/temp_dir.h"

namespace nacre::signal {
namespace {

using namespace std::chrono_literals;
using tests::FailsWith;

struct OpenHost {
    std::unique_ptr<Host> host_ = Host::open(default_addon_path()).value();
    Host& host = *host_;
    napi::Value* null = host.library().environment().null();
};

std::size_t thread_count() {
    using std::filesystem::directory_iterator;
    return static_cast<std::size_t>(
        std::distance(directory_iterator{"/proc/self/task"}, directory_iterator{}));
}

TEST_CASE("host: no addon, or something else in its place, is an error", "[libsignal][host]") {
    CHECK_THAT(Host::open("/nonexistent/addon.node"), FailsWith(ErrorCode::not_found));
    const tests::TempDir folder;
    std::ofstream{folder / "addon.node"} << "no shared object";
    CHECK_THAT(Host::open(folder / "addon.node"), FailsWith(ErrorCode::unsupported));
    CHECK_THAT(Host::open("/proc/self/exe"), FailsWith(ErrorCode::unsupported));
}

// What it says of itself: libsignal's name for the error, and the operation.
template <class T>
void check_told(const Result<T>& result, std::string_view name, std::string_view operation) {
    REQUIRE_FALSE(result.ok());
    CHECK(std::string_view{result.error().name} == name);
    CHECK(std::string_view{result.error().where.c_str()} == operation);
}

TEST_CASE_METHOD(OpenHost, "host: a panic in libsignal is an error of the operation",
                 "[libsignal][host]") {
    const auto body = call(host, native::TESTING_PanicInBodySync, null);
    CHECK_THAT(body, FailsWith(ErrorCode::internal));
    check_told(body, "Panic", "TESTING_PanicInBodySync");
    CHECK_THAT(call(host, native::TESTING_PanicOnBorrowSync, null), FailsWith(ErrorCode::internal));
    CHECK_THAT(call(host, native::TESTING_PanicOnLoadSync, null, null),
               FailsWith(ErrorCode::internal));
    CHECK_THAT(call(host, native::TESTING_PanicOnReturnSync, null), FailsWith(ErrorCode::internal));
    // And the host is as good as before.
    CHECK(call(host, native::TESTING_RoundTripU32, 17).value() == 17);
}

TEST_CASE_METHOD(OpenHost, "host: a panic in an asynchronous operation is an error too",
                 "[libsignal][host]") {
    const auto body = call(host, native::TESTING_PanicInBodyAsync, null);
    CHECK_THAT(body, FailsWith(ErrorCode::internal));
    check_told(body, "Panic", "TESTING_PanicInBodyAsync");
    CHECK_THAT(call(host, native::TESTING_PanicOnBorrowAsync, null),
               FailsWith(ErrorCode::internal));
    CHECK_THAT(call(host, native::TESTING_PanicOnReturnAsync, null),
               FailsWith(ErrorCode::internal));
}

TEST_CASE_METHOD(OpenHost, "host: what libsignal throws and rejects with is an error with its name",
                 "[libsignal][host]") {
    check_told(call(host, native::TESTING_ErrorOnBorrowSync, null), "Generic",
               "TESTING_ErrorOnBorrowSync");
    check_told(call(host, native::TESTING_ErrorOnReturnSync, null), "Generic",
               "TESTING_ErrorOnReturnSync");
    check_told(call(host, native::TESTING_ErrorOnBorrowAsync, null), "Generic",
               "TESTING_ErrorOnBorrowAsync");
    check_told(call(host, native::TESTING_ErrorOnReturnAsync, null), "Generic",
               "TESTING_ErrorOnReturnAsync");
}

TEST_CASE_METHOD(OpenHost, "host: a thrown error has libsignal's name and its operation",
                 "[libsignal][host]") {
    check_told(call(host, native::TESTING_ChatSendErrorConvert, "ConnectedElsewhere"),
               "ConnectedElsewhere", "TESTING_ChatSendErrorConvert");
}

TEST_CASE("host: a rejected promise has libsignal's name and its operation", "[libsignal][host]") {
    tests::Pair pair;
    pair.establish();
    const auto message = pair.send(pair.alice, pair.bob, "text");
    REQUIRE(pair.receive(pair.bob, pair.alice, message).ok());
    check_told(pair.receive(pair.bob, pair.alice, message), "DuplicatedMessage",
               "SessionCipher_DecryptSignalMessage");
}

TEST_CASE_METHOD(OpenHost, "host: wrong arguments are an error of ours", "[libsignal][host]") {
    // A key where a record belongs, behind the types' back.
    const auto key = call(host, native::PrivateKey_Generate).value();
    const auto wrong = call(host, native::SessionRecord_Serialize,
                            Typed<native::SessionRecord>{napi::Ref<>{key.value()}});
    REQUIRE_FALSE(wrong.ok());
    CHECK(wrong.error().code == ErrorCode::internal);
}

TEST_CASE_METHOD(OpenHost, "host: post() runs on the owner's thread, from pump()",
                 "[libsignal][host]") {
    std::thread::id ran_on;
    std::thread{[&] { host.post([&] { ran_on = std::this_thread::get_id(); }); }}.join();
    CHECK(ran_on == std::thread::id{});
    CHECK(host.run_until([&] { return ran_on != std::thread::id{}; }, 10s));
    CHECK(ran_on == std::this_thread::get_id());
}

TEST_CASE_METHOD(OpenHost, "host: run_until() gives up at its limit", "[libsignal][host]") {
    CHECK_FALSE(host.run_until([] { return false; }, 1ms));
    CHECK(host.run_until([] { return true; }, 0ms));
}

TEST_CASE("host: a call from another thread ends the process", "[libsignal][host]") {
    // In a child that opens a host of its own: an abort is the point.
    const pid_t child = ::fork();
    if (child == 0) {
        std::signal(SIGABRT, SIG_DFL);
        const auto host = Host::open(default_addon_path()).value();
        std::thread{[&] { [[maybe_unused]] auto pair = generate_key_pair(*host); }}.join();
        ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    CHECK((WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT));
}

TEST_CASE("host: nothing runs on after its end", "[libsignal][host]") {
    std::thread{[] {}}.join();  // ThreadSanitizer's own thread begins with the first of ours
    const auto before = thread_count();
    {
        const auto host = Host::open(default_addon_path()).value();
        const auto runtime = call(*host, native::TokioAsyncContext_new).value();
        // One that would go on for ever.
        const auto counter = call(*host, native::TESTING_FutureCancellationCounter_Create, 0);
        auto waiting = call(*host, native::TESTING_FutureCancellationCounter_WaitForCount, runtime,
                            counter.value(), 1);
        CHECK(waiting.ok());
        CHECK(thread_count() > before);
    }
    CHECK(thread_count() == before);
}

TEST_CASE("host: two of them on two threads do not meet", "[libsignal][host]") {
    std::atomic<int> good = 0;
    const auto work = [&good] {
        tests::Pair pair;
        pair.establish();
        for (int i = 0; i < 50; ++i) {
            const auto message = pair.send(pair.alice, pair.bob, "text");
            good += pair.receive(pair.bob, pair.alice, message).ok() ? 1 : 0;
        }
    };
    std::thread one{work};
    std::thread two{work};
    one.join();
    two.join();
    CHECK(good == 100);
}

TEST_CASE("host: an environment's end frees every value", "[libsignal][host]") {
    tests::Pair pair;
    pair.establish();
    const auto at_rest = pair.host().live_values();
    for (int i = 0; i < 100; ++i) {
        const auto message = pair.send(pair.alice, pair.bob, "text");
        REQUIRE(pair.receive(pair.bob, pair.alice, message).ok());
        REQUIRE_FALSE(pair.receive(pair.bob, pair.alice, message).ok());
    }
    CHECK(pair.host().live_values() == at_rest);
}

#ifndef NACRE_SANITIZED  // whose allocators keep what is freed
TEST_CASE("host: 100,000 calls do not grow the heap", "[libsignal][host][slow]") {
    tests::Pair pair;
    pair.establish();
    tests::CertificateAuthority authority{pair.host()};
    const auto certificate = authority.issue(pair.alice.address, pair.alice.identity().public_key,
                                             tests::kNow + 1000);
    const auto round = [&](int i) {
        auto& from = i % 2 == 0 ? pair.alice : pair.bob;
        auto& to = i % 2 == 0 ? pair.bob : pair.alice;
        const auto message = pair.send(from, to, "a message");
        if (i % 16 == 0) {
            const auto sealed = seal(pair.host(), from.stores, to.address, message, certificate,
                                     ContentHint::none);
            if (!unseal(pair.host(), to.stores, sealed.value()).ok()) return false;
        }
        return pair.receive(to, from, message).ok() && !pair.receive(to, from, message).ok();
    };
    // Session records swell and shrink
    // with the phases of the post-quantum ratchet, so the heap is compared when both peers have
    // been put back to the same sessions, and the least of many readings counts.
    const std::pair sessions{pair.alice.stores.sessions, pair.bob.stores.sessions};
    bool all_good = true;
    const auto least_use = [&](int stretches) {
        auto least = std::numeric_limits<std::size_t>::max();
        for (int stretch = 0; stretch < stretches; ++stretch) {
            for (int i = 0; i < 100; ++i) all_good = round(i) && all_good;
            pair.alice.stores.sessions = sessions.first;
            pair.bob.stores.sessions = sessions.second;
            least = std::min(least, mallinfo2().uordblks);
        }
        return least;
    };
    least_use(60);  // malloc's cache for this thread counts as used, and fills slowly
    const auto before = least_use(15);
    const auto values_before = pair.host().live_values();
    const auto calls_before = pair.host().library().calls();
    while (pair.host().library().calls() - calls_before < 100'000) least_use(1);
    const auto after = least_use(15);
    CHECK(all_good);
    CHECK(pair.host().live_values() == values_before);
    CHECK(after < before + 65536);  // one block lost in a hundred calls would show
}
#endif

}  // namespace
}  // namespace nacre::signal
