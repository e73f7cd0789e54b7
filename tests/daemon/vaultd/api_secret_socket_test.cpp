#include <catch2/catch_test_macros.hpp>
#include <future>
#include <string>
#include <vector>

#include "daemon/vaultd/secret_socket.h"
#include "tests/support/listening_socket.h"
#include "tests/support/matchers.h"
#include "tests/support/temp_dir.h"

using namespace nacre;
using namespace nacre::vaultd;
using nacre::tests::FailsWith;

namespace {

struct Fixture {
    explicit Fixture(std::chrono::milliseconds life = kTicketLife) {
        auto started = SecretSocket::start(tests::listen_at(folder / "secret.sock"), PeerRule{}, life);
        REQUIRE(started.ok());
        socket = std::move(*started);
    }

    // Returns once the daemon has closed the connection: it has decided.
    void send(std::string_view bytes) const {
        const daemon::Descriptor fd = tests::connect_to(folder / "secret.sock");
        REQUIRE(daemon::write_all(fd.get(), as_bytes(bytes)).ok());
        REQUIRE(shutdown(fd.get(), SHUT_WR) == 0);
        char nothing = 0;
        CHECK(::recv(fd.get(), &nothing, 1, 0) <= 0);
    }

    static std::string text(const SecretSocket::Ticket& ticket) {
        return std::string{as_text(ticket.bytes())};
    }

    tests::TempDir folder;
    std::unique_ptr<SecretSocket> socket;
};

// To ask for what is there already: what was sent has been decided on.
std::stop_token stopped() {
    std::stop_source source;
    source.request_stop();
    return source.get_token();
}

}  // namespace

TEST_CASE("secret socket: the passphrase reaches the call that holds the ticket",
          "[vaultd][secret_socket]") {
    const Fixture fixture;
    auto first = fixture.socket->issue();
    auto second = fixture.socket->issue();
    REQUIRE(first.ok());
    REQUIRE(second.ok());
    fixture.send(Fixture::text(*second) + "two");
    fixture.send(Fixture::text(*first) + "one");
    const auto one = first->wait({});
    const auto two = second->wait({});
    REQUIRE(one.ok());
    REQUIRE(two.ok());
    CHECK(as_text(one->view()) == "one");
    CHECK(as_text(two->view()) == "two");
}

TEST_CASE("secret socket: a ticket works once", "[vaultd][secret_socket]") {
    const Fixture fixture;
    auto ticket = fixture.socket->issue();
    REQUIRE(ticket.ok());
    fixture.send(Fixture::text(*ticket) + "first");
    fixture.send(Fixture::text(*ticket) + "second");
    const auto passphrase = ticket->wait({});
    REQUIRE(passphrase.ok());
    CHECK(as_text(passphrase->view()) == "first");
    CHECK_THAT(ticket->wait(stopped()), FailsWith(ErrorCode::canceled));
}

TEST_CASE("secret socket: what is not a ticket and a passphrase wakes nobody",
          "[vaultd][secret_socket]") {
    const Fixture fixture;
    auto ticket = fixture.socket->issue();
    REQUIRE(ticket.ok());
    fixture.send("");
    fixture.send("too short");
    fixture.send(std::string(32, 'x') + "passphrase");
    fixture.send(Fixture::text(*ticket));
    fixture.send(Fixture::text(*ticket) + std::string(Passphrase::kMaxLength + 1, 'x'));
    CHECK_THAT(ticket->wait(stopped()), FailsWith(ErrorCode::canceled));
}

TEST_CASE("secret socket: an expired ticket is refused", "[vaultd][secret_socket]") {
    const Fixture fixture{std::chrono::milliseconds{1}};
    auto ticket = fixture.socket->issue();
    REQUIRE(ticket.ok());
    CHECK_THAT(ticket->wait({}), FailsWith(ErrorCode::timed_out));
    fixture.send(Fixture::text(*ticket) + "late");
    CHECK_THAT(ticket->wait({}), FailsWith(ErrorCode::timed_out));
}

TEST_CASE("secret socket: waiting ends when the caller stops", "[vaultd][secret_socket]") {
    const Fixture fixture;
    auto ticket = fixture.socket->issue();
    REQUIRE(ticket.ok());
    std::stop_source stop;
    auto waiting = std::async(std::launch::async, [&] { return ticket->wait(stop.get_token()); });
    stop.request_stop();
    CHECK_THAT(waiting.get(), FailsWith(ErrorCode::canceled));
}

TEST_CASE("secret socket: tickets are limited, and come free again", "[vaultd][secret_socket]") {
    const Fixture fixture;
    std::vector<SecretSocket::Ticket> held;
    for (;;) {
        auto ticket = fixture.socket->issue();
        if (!ticket.ok()) {
            CHECK_THAT(ticket, FailsWith(ErrorCode::resource_exhausted));
            break;
        }
        held.push_back(std::move(*ticket));
        REQUIRE(held.size() < 1000);
    }
    held.pop_back();
    CHECK(fixture.socket->issue().ok());
}

TEST_CASE("secret socket: stopping does not wait for a silent client", "[vaultd][secret_socket]") {
    const Fixture fixture;
    const daemon::Descriptor silent = tests::connect_to(fixture.folder / "secret.sock");
    const auto begin = std::chrono::steady_clock::now();
    fixture.socket->stop();
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds{3});
}

TEST_CASE("secret socket: the listening socket serves a successor", "[vaultd][secret_socket]") {
    const tests::TempDir folder;
    const daemon::Descriptor listening = tests::listen_at(folder / "secret.sock");
    for (int generation = 0; generation < 2; ++generation) {
        auto copy = listening.duplicate();
        REQUIRE(copy.ok());
        auto socket = SecretSocket::start(std::move(*copy), PeerRule{});
        REQUIRE(socket.ok());
        auto ticket = (*socket)->issue();
        REQUIRE(ticket.ok());
        const daemon::Descriptor fd = tests::connect_to(folder / "secret.sock");
        REQUIRE(daemon::write_all(fd.get(), as_bytes(Fixture::text(*ticket) + "again")).ok());
        REQUIRE(shutdown(fd.get(), SHUT_WR) == 0);
        CHECK(ticket->wait({}).ok());
    }
}
