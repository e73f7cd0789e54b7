#include "daemon/base/stop_signal.h"

#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <cerrno>
#include <csignal>
#include <thread>

#include "tests/support/child.h"

using namespace nacre::daemon;
using nacre::tests::holds_in_child;

TEST_CASE("stop signal: SIGTERM and SIGINT stay readable, and do not kill", "[base][stop_signal]") {
    const int signal = GENERATE(SIGTERM, SIGINT);
    CHECK(holds_in_child([signal] {
        const StopSignal stop = StopSignal::open().value();
        if (stop.stopped()) return 1;
        kill(getpid(), signal);
        return stop.stopped() && stop.stopped() ? 0 : 2;
    }));
}

TEST_CASE("stop signal: another thread raises it", "[base][stop_signal]") {
    CHECK(holds_in_child([] {
        const StopSignal stop = StopSignal::open().value();
        std::thread{[] { StopSignal::raise(); }}.join();
        return stop.stopped() ? 0 : 1;
    }));
}

TEST_CASE("stop signal: writing to a closed pipe is an error, not a death", "[base][stop_signal]") {
    CHECK(holds_in_child([] {
        const StopSignal stop = StopSignal::open().value();
        int ends[2];
        if (pipe(ends) != 0) return 1;
        close(ends[0]);
        return write(ends[1], "x", 1) == -1 && errno == EPIPE ? 0 : 2;
    }));
}
