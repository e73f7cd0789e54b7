#include "daemon/base/lock_signal.h"

#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <csignal>

#include "tests/support/child.h"

using namespace nacre::daemon;
using nacre::tests::holds_in_child;

TEST_CASE("lock signal: SIGUSR1 is told once, and does not kill", "[base][lock_signal]") {
    CHECK(holds_in_child([] {
        const LockSignal signal = LockSignal::open().value();
        if (signal.take()) return 1;
        kill(getpid(), SIGUSR1);
        kill(getpid(), SIGUSR1);
        return signal.take() && !signal.take() ? 0 : 2;
    }));
}
