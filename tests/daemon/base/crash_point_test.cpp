#include "daemon/base/crash_point.h"

#include <sys/wait.h>

#include <catch2/catch_test_macros.hpp>
#include <csignal>
#include <cstdlib>
#include <set>

#include "tests/support/child.h"

using namespace nacre::daemon;
using nacre::tests::in_child;

namespace {

// The wait status of a child that passes after_decrypt three times and then exits with 7.
int run(const char* plan) {
    return in_child([plan] {
        setenv("NACRE_CRASH_POINT", plan, 1);
        std::signal(SIGABRT, SIG_DFL);  // Catch2 reports it otherwise
        for (int n = 0; n < 3; ++n) {
            crash_point("before_decrypt");
            crash_point("after_decrypt");
        }
        return 7;
    });
}

bool killed_by(int status, int signal) { return WIFSIGNALED(status) && WTERMSIG(status) == signal; }

bool exited(int status, int code) { return WIFEXITED(status) && WEXITSTATUS(status) == code; }

}  // namespace

TEST_CASE("crash point: kills at the named hit, and only there", "[base][crash_point]") {
    CHECK(killed_by(run("after_decrypt"), SIGKILL));
    CHECK(killed_by(run("after_decrypt:3"), SIGKILL));
    CHECK(exited(run("after_decrypt:4"), 7));
    CHECK(exited(run("after_commit"), 7));
    CHECK(exited(run(""), 7));
}

TEST_CASE("crash point: aborts when asked", "[base][crash_point]") {
    CHECK(killed_by(run("after_decrypt:abort"), SIGABRT));
    CHECK(killed_by(run("after_decrypt:2:abort"), SIGABRT));
    CHECK(exited(run("after_decrypt:4:abort"), 7));
}

TEST_CASE("crash point: a plan that names none ends the process", "[base][crash_point]") {
    CHECK(exited(run("after_dekrypt"), 2));
    CHECK(exited(run("after_decrypt:0"), 2));
    CHECK(exited(run("after_decrypt:soon"), 2));
}

TEST_CASE("crash point: names are unique", "[base][crash_point]") {
    CHECK(std::set<std::string_view>(kCrashPoints.begin(), kCrashPoints.end()).size() ==
          kCrashPoints.size());
}
