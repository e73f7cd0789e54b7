#include "daemon/base/listen_fds.h"

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <string>

#include "tests/support/child.h"

using namespace nacre::daemon;
using nacre::tests::holds_in_child;

namespace {

// In a child: descriptors 3 and 4 open, the variables as given ("self": its own pid).
template <class Check>
bool with(const char* pid, const char* count, const char* names, Check&& check) {
    return holds_in_child([&] {
        const int null = open("/dev/null", O_RDONLY);
        dup2(null, 3);
        dup2(null, 4);
        const std::string own = std::to_string(getpid());
        setenv("LISTEN_PID", pid == std::string{"self"} ? own.c_str() : pid, 1);
        setenv("LISTEN_FDS", count, 1);
        if (names != nullptr) setenv("LISTEN_FDNAMES", names, 1);
        ListenFds fds = ListenFds::inherit();
        const bool unset = getenv("LISTEN_PID") == nullptr && getenv("LISTEN_FDS") == nullptr &&
                           getenv("LISTEN_FDNAMES") == nullptr;
        return unset && check(fds) ? 0 : 1;
    });
}

}  // namespace

TEST_CASE("listen fds: are taken by name, once, close-on-exec", "[base][listen_fds]") {
    CHECK(with("self", "2", "api:secret", [](ListenFds& fds) {
        const Descriptor secret = fds.take("secret");
        const Descriptor api = fds.take("api");
        return secret.get() == 4 && api.get() == 3 && !fds.take("api") && !fds.take("other") &&
               (fcntl(3, F_GETFD) & FD_CLOEXEC) != 0;
    }));
}

TEST_CASE("listen fds: one that is not open is left out", "[base][listen_fds]") {
    CHECK(with("self", "60", "api:secret:::::::", [](ListenFds& fds) {
        return fds.take("api").get() == 3 && fds.take("secret").get() == 4;
    }));
}

TEST_CASE("listen fds: another process's or malformed variables give none", "[base][listen_fds]") {
    const auto none = [](ListenFds& fds) { return !fds.take("api") && !fds.take(""); };
    CHECK(with("1", "2", "api:secret", none));
    CHECK(with("", "2", "api:secret", none));
    CHECK(with("self", "two", "api:secret", none));
    CHECK(with("self", "-1", "api:secret", none));
    CHECK(with("self", "0", "api:secret", none));
    CHECK(with("self", "99999999999", "api:secret", none));
    CHECK(with("self", "1000", "api:secret", none));
}

TEST_CASE("listen fds: fewer names than descriptors leave the rest unnamed", "[base][listen_fds]") {
    CHECK(with("self", "2", "api", [](ListenFds& fds) {
        return fds.take("api").get() == 3 && fds.take("").get() == 4;
    }));
    CHECK(with("self", "1", nullptr, [](ListenFds& fds) { return !fds.take("api"); }));
}
