// A loop, and a lock socket of the test's own.
#pragma once

#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>

#include "daemon/sentry/lock_request.h"
#include "tests/support/listening_socket.h"
#include "tests/support/temp_dir.h"

namespace nacre::tests {

struct EventFixture {
    EventFixture() {
        sd_event* made = nullptr;
        REQUIRE(sd_event_new(&made) >= 0);
        event.reset(made);
    }

    // Runs the loop until the condition holds.
    template <class Condition>
    void run_until(Condition&& holds) const {
        while (!holds()) REQUIRE(sd_event_run(event.get(), 60'000'000) > 0);
    }
    // Runs what is ready now.
    void run_ready() const {
        while (sd_event_run(event.get(), 0) > 0) {
        }
    }

    // The next who connects, and what it says; as vaultd.
    daemon::Descriptor accept(std::string& said) const {
        daemon::Descriptor connection{
            accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC)};
        char bytes[16];
        const ssize_t count = read(connection.get(), bytes, sizeof bytes);
        said.assign(bytes, count > 0 ? static_cast<std::size_t>(count) : 0);
        return connection;
    }

    TempDir folder;
    daemon::Descriptor listening = listen_at(folder / "lock.sock");
    sentry::Event event;
};

}  // namespace nacre::tests
