#include "daemon/vaultd/refused_connections.h"

#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch_test_macros.hpp>

using namespace nacre;
using nacre::vaultd::descriptor_of;
using nacre::vaultd::RefusedConnections;

namespace {

constexpr int kPatienceMs = 60'000;
constexpr std::chrono::milliseconds kStay{20};

struct Connection {
    Connection() {
        auto [one, other] = daemon::stream_pair().value();
        server = std::move(one);
        client = std::move(other);
    }
    bool ended(int timeout_ms) const {
        pollfd item{client.get(), POLLIN, 0};
        return poll(&item, 1, timeout_ms) == 1;
    }
    daemon::Descriptor server;
    daemon::Descriptor client;
};

void refuse(RefusedConnections& connections, const Connection& connection) {
    connections.begin(connection.server.get());
    connections.refused(connection.server.get());
    connections.end(connection.server.get());
}

}  // namespace

TEST_CASE("refused connections: end when they are quiet", "[vaultd][api][refused_connections]") {
    RefusedConnections connections{[] { return false; }, kStay};
    const Connection refused;
    const Connection busy;
    const Connection admitted;
    connections.begin(admitted.server.get());
    connections.end(admitted.server.get());
    connections.begin(busy.server.get());
    refuse(connections, busy);
    refuse(connections, refused);
    CHECK(refused.ended(kPatienceMs));
    // Was due before.
    CHECK_FALSE(busy.ended(0));
    CHECK_FALSE(admitted.ended(0));
    connections.end(busy.server.get());
    CHECK(busy.ended(kPatienceMs));
    CHECK_FALSE(admitted.ended(0));
}

TEST_CASE("refused connections: a number that another connection got",
          "[vaultd][api][refused_connections]") {
    RefusedConnections connections{[] { return false; }, kStay};
    Connection first;
    const int number = first.server.get();
    connections.begin(number);
    connections.refused(number);
    Connection second;
    REQUIRE(dup2(second.server.get(), number) == number);
    connections.end(number);
    // The first one's own copy is what ends.
    CHECK(first.ended(kPatienceMs));
    CHECK_FALSE(second.ended(0));
}

TEST_CASE("refused connections: stay when the vault is open", "[vaultd][api][refused_connections]") {
    std::atomic<bool> open = true;
    std::atomic<int> asked = 0;
    RefusedConnections connections{[&] {
                                       ++asked;
                                       asked.notify_all();
                                       return open.load();
                                   },
                                   kStay};
    asked.wait(0);
    const int before = asked;
    const Connection kept;
    refuse(connections, kept);
    asked.wait(before);
    open = false;
    const Connection refused;
    refuse(connections, refused);
    CHECK(refused.ended(kPatienceMs));
    CHECK_FALSE(kept.ended(0));
}

TEST_CASE("refused connections: gRPC's names", "[vaultd][api][refused_connections]") {
    CHECK(descriptor_of("fd:17") == 17);
    for (const char* other : {"", "fd:", "fd:x", "fd:1x", "fd:-1", "unix:/x", "17"})
        CHECK(descriptor_of(other) == -1);
}
