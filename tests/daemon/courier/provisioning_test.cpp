#include "daemon/courier/provisioning.h"

#include <catch2/catch_test_macros.hpp>

#include "fake_network.h"
#include "tests/support/matchers.h"

namespace nacre::courier {
namespace {

using tests::FailsWith;
using tests::FakeDialer;
using tests::FakeLine;

struct Fixture {
    tests::FakeLoop loop;
    FakeDialer dialer;
    Provisioning provisioning{loop, dialer};
    std::vector<v1::ProvisionEvent> events;
    bool listening = true;

    void start(std::uint64_t id = 1) {
        REQUIRE(provisioning
                    .start(id,
                           [this](const v1::ProvisionEvent& event) {
                               events.push_back(event);
                               return listening;
                           })
                    .ok());
    }
    FakeLine& line(std::size_t index) { return *dialer.provisionings.at(index); }
    void accept(std::size_t index) {
        FakeDialer::accept(dialer.provisionings.at(index));
        line(index).provisioning.address("address" + std::to_string(index), [](std::uint16_t) {});
        loop.run_posted();
    }
    std::size_t opened() const { return dialer.provisionings.size(); }
};

TEST_CASE("provisioning: gives an address, then the envelope, and ends", "[courier][provisioning]") {
    Fixture f;
    f.start();
    f.accept(0);
    REQUIRE(f.events.size() == 1);
    CHECK(f.events[0].address() == "address0");
    std::uint16_t acknowledged = 0;
    f.line(0).provisioning.envelope(to_bytes("sealed"),
                                    [&](std::uint16_t http) { acknowledged = http; });
    f.loop.run_posted();
    CHECK(acknowledged == 200);
    REQUIRE(f.events.size() == 2);
    CHECK(f.events[1].envelope() == "sealed");
    CHECK_FALSE(f.provisioning.running());
    CHECK(f.line(0).closed);
    CHECK(f.loop.timers() == 0);
}

TEST_CASE("provisioning: a new address every 45 s beside the old one, six in all",
          "[courier][provisioning]") {
    Fixture f;
    f.start();
    f.accept(0);
    for (std::size_t i = 1; i < 6; ++i) {
        f.loop.pass(44'999);
        REQUIRE(f.opened() == i);
        f.loop.pass(1);
        REQUIRE(f.opened() == i + 1);
        f.accept(i);
        CHECK(f.line(i - 1).open);
        if (i >= 2) CHECK(f.line(i - 2).closed);
    }
    CHECK(f.events.size() == 6);
    f.loop.pass(45'000);
    CHECK(f.opened() == 6);
    REQUIRE(f.events.size() == 7);
    CHECK(f.events[6].closed().code() == "timed_out");
    CHECK_FALSE(f.provisioning.running());
}

TEST_CASE("provisioning: the older of two may be scanned", "[courier][provisioning]") {
    Fixture f;
    f.start();
    f.accept(0);
    f.loop.pass(45'000);
    f.accept(1);
    f.line(0).provisioning.envelope(to_bytes("sealed"), [](std::uint16_t) {});
    f.loop.run_posted();
    CHECK(f.events.back().has_envelope());
    CHECK(f.line(1).closed);
}

TEST_CASE("provisioning: closed by the server, a new address comes at once",
          "[courier][provisioning]") {
    Fixture f;
    f.start();
    f.accept(0);
    f.line(0).provisioning.interrupted(Error{ErrorCode::unavailable, "test"});
    f.loop.run_posted();
    REQUIRE(f.opened() == 2);
    f.accept(1);
    CHECK(f.events.back().address() == "address1");
    // The dead one is dead.
    f.line(0).provisioning.envelope(to_bytes("late"), [](std::uint16_t) {});
    f.loop.run_posted();
    CHECK(f.events.size() == 2);
}

TEST_CASE("provisioning: ends with the reason when no connection comes",
          "[courier][provisioning]") {
    Fixture f;
    f.start();
    f.line(0).done(Error{ErrorCode::unavailable, "test", 0, "IoError"});
    REQUIRE(f.events.size() == 1);
    CHECK(f.events[0].closed().code() == "unavailable");
    CHECK(f.events[0].closed().name() == "IoError");
    f.start(2);  // and again
    CHECK(f.opened() == 2);
}

TEST_CASE("provisioning: cancelling ends that stream only", "[courier][provisioning]") {
    Fixture f;
    f.start(7);
    f.accept(0);
    CHECK_THAT(f.provisioning.start(8, [](const v1::ProvisionEvent&) { return true; }),
               FailsWith(ErrorCode::already_exists));
    f.provisioning.cancel(8);
    CHECK(f.provisioning.running());
    f.provisioning.cancel(7);
    f.loop.run_posted();
    CHECK(f.events.back().closed().code() == "canceled");
    CHECK(f.line(0).closed);
    f.provisioning.cancel(7);
    CHECK(f.events.size() == 2);
}

TEST_CASE("provisioning: ends when nobody listens any more", "[courier][provisioning]") {
    Fixture f;
    f.start();
    f.listening = false;
    f.accept(0);
    CHECK_FALSE(f.provisioning.running());
    CHECK(f.loop.timers() == 0);
}

}  // namespace
}  // namespace nacre::courier
