// Goal: receipts for what came while the vault was locked tell of the unlock no more than configured.
#include "daemon/vaultd/outgoing.h"

#include <catch2/catch_test_macros.hpp>

#include "tests/support/engine_fixture.h"
#include "tests/support/fake_clock.h"

namespace nacre::vaultd {
namespace {

constexpr std::int64_t kMinuteMs = 60'000;
constexpr std::size_t kMany = 50;

struct Fixture {
    tests::FakeClock clock;
    tests::EngineFixture engine{clock};
    Delivered delivered;

    Fixture() {
        vault::ServiceId alice;
        alice.bytes.fill(0x0c);
        alice.bytes[0] = 0;
        for (std::size_t n = 0; n < kMany; ++n)
            delivered[alice].push_back(clock.wall_ms() - static_cast<std::int64_t>(n));
    }

    void hold(config::LateReceipts late) {
        in_transaction([&] { return hold_late_receipts(engine.state(), late, delivered); });
    }
    // How many receipts leave for the outbox now, each by itself.
    std::size_t due() {
        std::size_t count = 0;
        const std::uint64_t before = queued();
        in_transaction([&]() -> Result<void> {
            count = NACRE_TRY(queue_held_receipts(engine.state()));
            return {};
        });
        CHECK(queued() == before + count);
        return count;
    }
    std::uint64_t queued() { return engine.must(engine.state().outbox.count()); }

    template <class Work>
    void in_transaction(const Work& work) {
        auto transaction = engine.must(vault::Transaction::begin(engine.state().database));
        REQUIRE(work().ok());
        REQUIRE(transaction.commit().ok());
    }
};

TEST_CASE("late receipts: spread, each goes out at a time of its own within an hour",
          "[vaultd][outgoing]") {
    Fixture f;
    f.hold(config::LateReceipts::spread);
    CHECK(f.delivered.empty());
    CHECK(f.due() == 0);
    // Neither all early nor all late: 1 in 2^49 otherwise.
    f.clock.now_ms += 30 * kMinuteMs;
    const std::size_t early = f.due();
    CHECK(early > 0);
    CHECK(early < kMany);
    CHECK(f.due() == 0);
    f.clock.now_ms += 30 * kMinuteMs;
    CHECK(f.due() == kMany - early);
    f.clock.now_ms += 600 * kMinuteMs;
    CHECK(f.due() == 0);
}

TEST_CASE("late receipts: at once, all go out with the others; never, none does", "[vaultd][outgoing]") {
    Fixture f;
    std::size_t left = 0;
    SECTION("at once") {
        f.hold(config::LateReceipts::at_once);
        left = kMany;
    }
    SECTION("never") { f.hold(config::LateReceipts::never); }
    std::size_t found = 0;
    for (const auto& [sender, timestamps] : f.delivered) found += timestamps.size();
    CHECK(found == left);
    f.clock.now_ms += 600 * kMinuteMs;
    CHECK(f.due() == 0);
}

}  // namespace
}  // namespace nacre::vaultd
