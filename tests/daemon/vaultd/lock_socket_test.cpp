#include "daemon/vaultd/lock_socket.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch_test_macros.hpp>

#include "tests/support/listening_socket.h"
#include "tests/support/temp_dir.h"

using namespace nacre;
using daemon::Descriptor;
using vaultd::LockSocket;

namespace {

constexpr int kPatienceMs = 60'000;

struct Fixture {
    Fixture() {
        auto started = LockSocket::start(tests::listen_at(folder / "lock.sock"), {},
                                         {[this] { return !open; }, [this] { return lock(); }});
        REQUIRE(started.ok());
        socket = std::move(*started);
    }
    Result<void> lock() {
        if (!open) return Error{ErrorCode::vault_locked, "test"};
        ++locked;
        return {};
    }
    Descriptor connect() const { return tests::connect_to(folder / "lock.sock"); }

    tests::TempDir folder;
    std::atomic<bool> open = true;
    std::atomic<int> locked = 0;
    std::unique_ptr<LockSocket> socket;
};

bool ends(const Descriptor& connection, int patience_ms = kPatienceMs) {
    pollfd item{connection.get(), POLLIN, 0};
    char byte;
    return poll(&item, 1, patience_ms) == 1 && recv(connection.get(), &byte, 1, 0) <= 0;
}

void say(const Descriptor& connection, std::string_view bytes = "L") {
    REQUIRE(daemon::write_all(connection.get(), as_bytes(bytes)).ok());
}

// What has been sent before is served when this returns: the socket serves one after the other.
void wait_until_served(const Fixture& fixture, int locked) {
    for (int i = 0; fixture.locked < locked && i < kPatienceMs; ++i) poll(nullptr, 0, 1);
}

}  // namespace

TEST_CASE("lock socket: a byte locks, and the connection stays until the process is gone",
          "[vaultd][lock_socket]") {
    Fixture fixture;
    const Descriptor connection = fixture.connect();
    say(connection);
    wait_until_served(fixture, 1);
    CHECK(fixture.locked == 1);
    CHECK_FALSE(ends(connection, 0));
    // A second one, too: both wait for the same end.
    const Descriptor second = fixture.connect();
    say(second, "anything else");
    wait_until_served(fixture, 2);
    CHECK_FALSE(ends(second, 0));
    CHECK_FALSE(ends(connection, 0));
    fixture.socket.reset();
    CHECK(ends(connection));
    CHECK(ends(second));
}

TEST_CASE("lock socket: where nothing is open, the connection ends at once",
          "[vaultd][lock_socket]") {
    Fixture fixture;
    fixture.open = false;
    const Descriptor connection = fixture.connect();
    CHECK(ends(connection));
    CHECK(fixture.locked == 0);
}

TEST_CASE("lock socket: what was locked meanwhile by others ends", "[vaultd][lock_socket]") {
    Fixture fixture;
    const Descriptor connection = fixture.connect();
    // Taken as long as the vault is open: an earlier one is served before a later one.
    const Descriptor later = fixture.connect();
    say(later);
    wait_until_served(fixture, 1);
    fixture.open = false;
    say(connection);
    CHECK(ends(connection));
    CHECK(fixture.locked == 1);
}

TEST_CASE("lock socket: connecting alone locks nothing, nor does leaving",
          "[vaultd][lock_socket]") {
    Fixture fixture;
    { const Descriptor gone = fixture.connect(); }
    const Descriptor silent = fixture.connect();
    const Descriptor speaking = fixture.connect();
    say(speaking);
    wait_until_served(fixture, 1);
    CHECK(fixture.locked == 1);
    CHECK_FALSE(ends(silent, 0));
}

TEST_CASE("lock socket: the silent keep nobody out", "[vaultd][lock_socket]") {
    Fixture fixture;
    std::vector<Descriptor> silent;
    for (int n = 0; n < 40; ++n) silent.push_back(fixture.connect());
    const Descriptor speaking = fixture.connect();
    say(speaking);
    wait_until_served(fixture, 1);
    CHECK(fixture.locked == 1);
    CHECK(ends(silent.front()));
}
