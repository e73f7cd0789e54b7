#include "sandbox/arena.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <csignal>
#include <cstring>
#include <vector>

#include "tests/support/matchers.h"

namespace nacre::sandbox {
namespace {

using tests::FailsWith;

// The arena with and without memfd_secret, given back to normal at the end.
class Backing {
public:
    explicit Backing(bool guarded) { arena_forbid_memfd_secret(guarded); }
    ~Backing() { arena_forbid_memfd_secret(false); }
};

TEST_CASE("arena: exists only while something is in it", "[sandbox][arena]") {
    const bool guarded = GENERATE(false, true);
    const Backing backing{guarded};
    CHECK(arena_backing() == ArenaBacking::none);
    std::uint8_t* const piece = *arena_take(32);
    CHECK(arena_backing() != ArenaBacking::none);
    if (guarded) CHECK(arena_backing() != ArenaBacking::memfd_secret);
    arena_return(piece, 32);
    CHECK(arena_backing() == ArenaBacking::none);
}

TEST_CASE("arena: gives zeroed aligned pieces that do not overlap", "[sandbox][arena]") {
    const bool guarded = GENERATE(false, true);
    const Backing backing{guarded};
    std::vector<std::uint8_t*> pieces;
    for (int round = 0; round < 2; ++round) {
        for (int count = 0; count < 100; ++count) pieces.push_back(*arena_take(65));
        std::sort(pieces.begin(), pieces.end());
        for (std::size_t at = 0; at < pieces.size(); ++at) {
            CHECK(reinterpret_cast<std::uintptr_t>(pieces[at]) % 64 == 0);
            CHECK(std::all_of(pieces[at], pieces[at] + 65, [](auto byte) { return byte == 0; }));
            if (at > 0) CHECK(pieces[at] - pieces[at - 1] >= 65);
        }
        for (std::uint8_t* piece : pieces) std::memset(piece, 0xa5, 65);
        // Keep one, so that the second round meets wiped pieces, not fresh memory.
        for (std::size_t at = 1; at < pieces.size(); ++at) arena_return(pieces[at], 65);
        std::memset(pieces[0], 0, 65);
        pieces.resize(1);
    }
    arena_return(pieces[0], 65);
}

TEST_CASE("arena: says when it is full, and recovers", "[sandbox][arena]") {
    CHECK_THAT(arena_take(0), FailsWith(ErrorCode::resource_exhausted));
    CHECK_THAT(arena_take(64 * 1024 + 1), FailsWith(ErrorCode::resource_exhausted));
    std::uint8_t* const most = *arena_take(63 * 1024);
    CHECK_THAT(arena_take(2 * 1024), FailsWith(ErrorCode::resource_exhausted));
    std::uint8_t* const rest = *arena_take(1024);
    arena_return(most, 63 * 1024);
    std::uint8_t* const again = *arena_take(2 * 1024);
    arena_return(again, 2 * 1024);
    arena_return(rest, 1024);
}

TEST_CASE("arena: memfd_secret memory cannot be read through /proc", "[sandbox][arena]") {
    std::uint8_t* const piece = *arena_take(32);
    std::memset(piece, 0x5a, 32);
    if (arena_backing() == ArenaBacking::memfd_secret) {
        const int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
        REQUIRE(memory >= 0);
        std::uint8_t out[32];
        const ssize_t got = pread(memory, out, sizeof out, reinterpret_cast<off_t>(piece));
        CHECK(got < 0);
        close(memory);
    }
    arena_return(piece, 32);
}

TEST_CASE("arena: a foreign pointer ends the process", "[sandbox][arena]") {
    const pid_t child = fork();
    if (child == 0) {
        std::signal(SIGABRT, SIG_DFL);  // not Catch's report
        std::uint8_t elsewhere[32];
        arena_return(elsewhere, sizeof elsewhere);
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    CHECK(WIFSIGNALED(status));
}

}  // namespace
}  // namespace nacre::sandbox
