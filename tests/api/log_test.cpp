// Goal: the log holds lines of ours and nothing else.
#include "api/base/log.h"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cstdio>
#include <string>

namespace nacre {
namespace {

// What a child process that runs `work` leaves on stderr and stdout.
template <class Work>
std::string printed_by(Work work) {
    std::array<int, 2> ends{};
    REQUIRE(pipe(ends.data()) == 0);
    const pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        work();
        _exit(0);
    }
    close(ends[1]);
    std::string text;
    std::array<char, 256> some{};
    for (ssize_t got = 0; (got = read(ends[0], some.data(), some.size())) > 0;)
        text.append(some.data(), static_cast<std::size_t>(got));
    close(ends[0]);
    REQUIRE(waitpid(child, nullptr, 0) == child);
    return text;
}

TEST_CASE("log: a line is made of literals and numbers, with the journal's priority", "[api][log]") {
    CHECK(printed_by([] {
              log::open("test");
              log::write(log::Level::warning, "something", {log::field("count", 3)});
              log::write(log::Level::debug, "too little");
          }) == "<4>test: something count=3\n");
}

#ifndef NACRE_SANITIZED
TEST_CASE("log: what libraries print does not get into it once they are silenced", "[api][log]") {
    CHECK(printed_by([] {
              log::open("test");
              log::silence_others();
              std::fputs("a library's words\n", stderr);
              std::puts("more of them");
              std::fflush(stdout);
              log::write(log::Level::info, "ours");
          }) == "<6>test: ours\n");
}
#endif

}  // namespace
}  // namespace nacre
