#include <grp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <memory>

#include "daemon/vaultd/acceptor.h"
#include "tests/support/listening_socket.h"
#include "tests/support/temp_dir.h"

using namespace nacre;
using namespace nacre::vaultd;

namespace {

constexpr uid_t kSomebodyElse = 65534;
constexpr gid_t kNoGroup = static_cast<gid_t>(-1);

// Greets whom it lets in.
struct Greeter {
    explicit Greeter(PeerRule peers) {
        auto started = Acceptor::start(
            tests::listen_at(folder / "a.sock"), std::move(peers), false,
            [](daemon::Descriptor connection) {
                (void)daemon::write_all(connection.get(), as_bytes("hello"));
            });
        REQUIRE(started.ok());
        acceptor = std::move(*started);
        REQUIRE(chmod(folder.path().c_str(), 0755) == 0);
        REQUIRE(chmod((folder / "a.sock").c_str(), 0666) == 0);
    }

    tests::TempDir folder;
    std::unique_ptr<Acceptor> acceptor;
};

// How many bytes a process of that user, and of that group besides its own, reads there; -1: it could
// not even connect.
int bytes_read_as(uid_t uid, const std::filesystem::path& path, gid_t also = kNoGroup) {
    const sockaddr_un address = tests::unix_address(path);
    const pid_t child = fork();
    if (child == 0) {
        const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
        if ((also != kNoGroup && setgroups(1, &also) != 0) || setuid(uid) != 0 ||
            connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
            _exit(255);
        }
        char buffer[16];
        int total = 0;
        for (ssize_t count = 0; (count = read(fd, buffer, sizeof buffer)) > 0;) {
            total += static_cast<int>(count);
        }
        _exit(total);
    }
    int status = 0;
    if (waitpid(child, &status, 0) != child || !WIFEXITED(status)) return -1;
    return WEXITSTATUS(status) == 255 ? -1 : WEXITSTATUS(status);
}

}  // namespace

TEST_CASE("acceptor: the own user comes in", "[vaultd][acceptor]") {
    const Greeter greeter{{}};
    CHECK(bytes_read_as(geteuid(), greeter.folder / "a.sock") == 5);
}

TEST_CASE("acceptor: another user is closed without a byte, unless named", "[vaultd][acceptor]") {
    if (geteuid() != 0) SKIP("only root can be somebody else");
    const Greeter closed{{}};
    CHECK(bytes_read_as(kSomebodyElse, closed.folder / "a.sock") == 0);
    const Greeter open{PeerRule{{kSomebodyElse}}};
    CHECK(bytes_read_as(kSomebodyElse, open.folder / "a.sock") == 5);
}

TEST_CASE("acceptor: another user comes in as a member of a group", "[vaultd][acceptor]") {
    if (geteuid() != 0) SKIP("only root can be somebody else");
    constexpr gid_t kGroup = 4242;
    const Greeter greeter{PeerRule{{}, {kGroup}}};
    CHECK(bytes_read_as(kSomebodyElse, greeter.folder / "a.sock", kGroup) == 5);
    CHECK(bytes_read_as(kSomebodyElse, greeter.folder / "a.sock", kGroup + 1) == 0);
    CHECK(bytes_read_as(kSomebodyElse, greeter.folder / "a.sock") == 0);
}
