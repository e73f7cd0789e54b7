#include "sandbox/limits.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>

namespace nacre::sandbox {
namespace {

// In a child: what is given up does not come back.
int hardened_child() {
    if (!harden_process().ok()) return 1;
    rlimit core{};
    if (getrlimit(RLIMIT_CORE, &core) != 0 || core.rlim_cur != 0 || core.rlim_max != 0) return 2;
    if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) return 3;
    if (umask(0) != 077) return 4;
#ifndef NACRE_SANITIZED
    if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0) return 5;
#endif
    return 0;
}

TEST_CASE("limits: hardening forbids dumps, new privileges and open files", "[sandbox][limits]") {
    const pid_t child = fork();
    if (child == 0) _exit(hardened_child());
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    REQUIRE(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
}

}  // namespace
}  // namespace nacre::sandbox
