#include "daemon/supervisor/spawn.h"

#include <poll.h>
#include <sys/wait.h>

#include <catch2/catch_test_macros.hpp>

using namespace nacre;
using namespace nacre::supervisor;

namespace {

// Runs a shell script as the child; its exit status.
int run(const std::string& script, const std::vector<Inherited>& descriptors) {
    const Process process = spawn({"/bin/sh", {"-c", script}}, descriptors).value();
    pollfd item{process.pidfd.get(), POLLIN, 0};
    REQUIRE(poll(&item, 1, 60'000) == 1);
    int status = 0;
    REQUIRE(waitpid(process.pid, &status, 0) == process.pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

TEST_CASE("spawn: descriptors stand from 3 on, under their names", "[supervisor][spawn]") {
    auto [left, right] = daemon::stream_pair().value();
    const std::vector<Inherited> descriptors{{"one", right.get()}, {"two", left.get()}};
    CHECK(run("[ \"$LISTEN_PID $LISTEN_FDS $LISTEN_FDNAMES\" = \"$$ 2 one:two\" ] && "
              "echo x >&4 && read line <&3 && [ \"$line\" = x ]",
              descriptors) == 0);
}

TEST_CASE("spawn: the child has no other descriptor, and an empty stdin", "[supervisor][spawn]") {
    auto [left, right] = daemon::stream_pair().value();
    CHECK(run("test -e /proc/$$/fd/3 && ! test -e /proc/$$/fd/4 && ! test -e /proc/$$/fd/64 && "
              "! read line",
              {{"one", left.get()}}) == 0);
}

TEST_CASE("spawn: what cannot be executed ends with 127", "[supervisor][spawn]") {
    const Process process = spawn({"/nonexistent/program", {}}, {}).value();
    int status = 0;
    REQUIRE(waitpid(process.pid, &status, 0) == process.pid);
    CHECK(WEXITSTATUS(status) == 127);
}

TEST_CASE("spawn: what a program gets beyond that", "[supervisor][spawn]") {
    const Program program{"/bin/sh", {"-c", "test \"$MORE\" = x"}, {"MORE=x"}};
    const Process process = spawn(program, {}).value();
    int status = 0;
    REQUIRE(waitpid(process.pid, &status, 0) == process.pid);
    CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("spawn: the environment passes but for what changes libraries", "[supervisor][spawn]") {
    for (const char* kept :
         {"HOME=/x", "PATH=/bin", "LANG=C", "NACRE_CRASH_POINT=after_put", "TZ=UTC"}) {
        CHECK(passes_on(kept));
    }
    for (const char* dropped :
         {"NOTIFY_SOCKET=/x", "LISTEN_PID=1", "LISTEN_FDS=1", "LISTEN_FDNAMES=a", "https_proxy=x",
          "ALL_PROXY=x", "GRPC_TRACE=all", "SSLKEYLOGFILE=/x", "SSL_CERT_FILE=/x",
          "OPENSSL_CONF=/x", "CREDENTIALS_DIRECTORY=/x"}) {
        CAPTURE(dropped);
        CHECK_FALSE(passes_on(dropped));
    }
}
