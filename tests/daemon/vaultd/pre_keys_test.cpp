// Goal: a private pre-key goes only when its public half can be had from nobody any more.
#include "daemon/vaultd/pre_keys.h"

#include <sys/socket.h>

#include <catch2/catch_test_macros.hpp>
#include <thread>

#include "daemon/link/channel.h"
#include "tests/support/engine_fixture.h"
#include "tests/support/fake_clock.h"

namespace nacre::vaultd {
namespace {

using tests::EngineFixture;
constexpr std::int64_t kDayMs = 24LL * 60 * 60 * 1000;

// A courier whose server has enough keys, and takes those that it gets.
struct FakeCourier {
    Courier courier{{[](std::uint64_t) {}, {}, {}, {}, [](const auto&) {}, [](const auto&) {}}};
    std::unique_ptr<link::Channel> peer;

    FakeCourier() {
        int ends[2];
        REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
        std::thread attaching{[&] { (void)courier.attach(daemon::Descriptor{ends[0]}); }};
        link::Handlers handlers;
        handlers.on_request = [this](const link::Frame& request, const link::Reply& reply) {
            (void)reply.send(answer(request));
        };
        handlers.on_frame = [](const link::Frame&) {};
        peer = EngineFixture::must(link::Channel::open(daemon::Descriptor{ends[1]},
                                                       link::Side::courier, {}, handlers));
        attaching.join();
    }

    link::Frame answer(const link::Frame& request) {
        link::Frame frame;
        if (request.has_leave_keys()) {
            frame.mutable_keys_left()->set_uploads(1);
            return frame;
        }
        frame.mutable_chat_reply()->set_status(200);
        if (request.chat().has_get_key_count())
            frame.mutable_chat_reply()->set_body(R"({"count":95,"pqCount":95})");
        return frame;
    }
};

struct Fixture {
    tests::TempDir dir;
    tests::FakeClock clock;
    FakeCourier server;
    std::unique_ptr<Engine> engine;

    Fixture() {
        std::shared_ptr<vault::Vault> vault = EngineFixture::must(
            vault::Vault::create(dir / "vault", EngineFixture::must(Passphrase::from(as_bytes("correct horse"))),
                                 {1, std::nullopt}, [](Literal) {}));
        engine = EngineFixture::must(Engine::start(std::move(vault), dir / "attempt", clock));
        REQUIRE(engine->run([](EngineState& state) { return tests::link_account(state); }).ok());
    }

    void refill(bool now) { REQUIRE(refill_pre_keys(*engine, server.courier, now).ok()); }
    void leave() { REQUIRE(leave_ready_keys(*engine, server.courier, true).ok()); }
    void pass(std::int64_t days) { clock.now_ms += days * kDayMs; }

    // Of the account's own identity; those that are replaced do not count.
    std::uint32_t valid() {
        return EngineFixture::must(engine->run([](EngineState& state) {
            return state.protocol.count_one_time(vault::OwnIdentity::aci, vault::PreKeyKind::ec);
        }));
    }
};

TEST_CASE("pre-keys: what the server may still give out is not replaced", "[vaultd][pre_keys]") {
    Fixture f;
    f.refill(true);
    REQUIRE(f.valid() == 100);
    SECTION("by what is only left with the courier") {
        f.pass(70);
        f.leave();
        CHECK(f.valid() == 500);
    }
    SECTION("by the renewal after a month") {
        f.pass(31);
        f.refill(false);
        CHECK(f.valid() == 200);
    }
    SECTION("before an upload has taken its place") {
        f.pass(61);
        f.refill(false);
        CHECK(f.valid() == 100);
    }
}

}  // namespace
}  // namespace nacre::vaultd
