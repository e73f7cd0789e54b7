#include "daemon/vaultd/attempt.h"

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <csignal>
#include <cstdlib>

#include "tests/support/temp_dir.h"

using namespace nacre;
using namespace nacre::vaultd;

namespace {

// What the file tells after a process that handled sequence 7 has ended by `how`.
template <class How>
std::optional<AttemptFile::Death> death_after(const std::filesystem::path& path, How how) {
    const pid_t child = fork();
    if (child == 0) {
        auto attempt = AttemptFile::open(path);
        if (!attempt) _exit(1);
        attempt->watch_signals();
        attempt->begin(7);
        how(*attempt);
        _exit(0);
    }
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    return AttemptFile::open(path)->death();
}

}  // namespace

TEST_CASE("attempt: an ended one leaves nothing", "[vaultd][attempt]") {
    const tests::TempDir dir;
    CHECK_FALSE(AttemptFile::open(dir / "attempt")->death());
    CHECK_FALSE(death_after(dir / "attempt", [](AttemptFile& attempt) { attempt.end(); }));
}

TEST_CASE("attempt: a kill from outside leaves the sequence", "[vaultd][attempt]") {
    const tests::TempDir dir;
    const auto death = death_after(dir / "attempt", [](AttemptFile&) { raise(SIGKILL); });
    REQUIRE(death);
    CHECK(death->sequence == 7);
    CHECK_FALSE(death->by_fatal_signal);
}

TEST_CASE("attempt: a fatal signal is told from a kill", "[vaultd][attempt]") {
    const tests::TempDir dir;
    const auto death = death_after(dir / "attempt", [](AttemptFile&) {
        // The default action behind our handler; sanitizers would print and exit instead.
        std::abort();
    });
    REQUIRE(death);
    CHECK(death->sequence == 7);
    CHECK(death->by_fatal_signal);
}

TEST_CASE("attempt: a file of another kind is no death", "[vaultd][attempt]") {
    const tests::TempDir dir;
    FILE* file = fopen((dir / "attempt").c_str(), "w");
    REQUIRE(file != nullptr);
    fputs("something else that is long enough", file);
    fclose(file);
    CHECK_FALSE(AttemptFile::open(dir / "attempt")->death());
}

TEST_CASE("attempt: an end on purpose has nothing to blame", "[vaultd][attempt]") {
    const tests::TempDir dir;
    CHECK_FALSE(death_after(dir / "attempt", [](AttemptFile& attempt) {
        AttemptFile::forgive();
        attempt.begin(8);
    }));
}
