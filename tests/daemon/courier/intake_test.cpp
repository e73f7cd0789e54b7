// Goal: nothing is released for acknowledgement before it is durable; failures hold everything back.
#include "daemon/courier/intake.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cerrno>

#include "failing_io.h"
#include "spool_drain.h"
#include "tests/support/temp_dir.h"

namespace nacre::courier {
namespace {

using tests::Call;
using tests::Drain;
using tests::FailingIo;

struct Fixture {
    tests::TempDir folder;
    spool::EpochKeys keys = std::move(spool::generate_epoch(1)).value();
    std::unique_ptr<Spool> spool;
    std::mutex mutex;
    std::condition_variable changed;
    std::uint64_t durable = 0;
    bool overflow = false;
    SpoolReport last;
    bool epoch_set = false;
    std::optional<Intake> intake;

    explicit Fixture(const SpoolLimits& limits = {}) {
        const auto state = StateFolder::open(folder.path());
        REQUIRE(state.ok());
        spool = std::move(Spool::open(*state, limits)).value();
        intake.emplace(*spool, IntakeEvents{
                                   [this](std::uint64_t ticket) {
                                       tell([&] { durable = ticket; });
                                   },
                                   [] {},
                                   [this](const SpoolReport& report) {
                                       tell([&] { last = report; });
                                   },
                                   [this] { tell([&] { overflow = true; }); },
                               });
        intake->set_epoch(1, keys.public_key, 0, [this](Result<void> result) {
            tell([&] { epoch_set = result.ok(); });
        });
        wait([this] { return epoch_set; });
    }

    template <class Change>
    void tell(Change change) {
        const std::lock_guard lock{mutex};
        change();
        changed.notify_all();
    }

    template <class Condition>
    void wait(Condition condition) {
        std::unique_lock lock{mutex};
        REQUIRE(changed.wait_for(lock, std::chrono::seconds{20}, condition));
    }
};

TEST_CASE("intake: what is offered becomes durable in order", "[courier][intake]") {
    Fixture f;
    for (std::uint64_t i = 1; i <= 2000; ++i)
        f.intake->offer(i, {1, 2, to_bytes("m" + std::to_string(i))});
    f.wait([&] { return f.durable == 2000; });
    f.wait([&] { return f.last.waiting == 2000; });
    const auto drained = Drain{*f.spool, f.keys}.all();
    REQUIRE(drained.records.size() == 2000);
    tests::require_continuous(drained.records, 1);
    CHECK(drained.texts().back() == "m2000");
}

TEST_CASE("intake: many envelopes share a sync", "[courier][intake]") {
    Fixture f;
    const int before = tests::fdatasync_calls();
    for (std::uint64_t i = 1; i <= 5000; ++i) f.intake->offer(i, {1, 2, Bytes(500)});
    f.wait([&] { return f.durable == 5000; });
    CHECK(tests::fdatasync_calls() - before < 2500);
}

TEST_CASE("intake: while the disk fails nothing is released, then all of it", "[courier][intake]") {
    Fixture f;
    {
        const FailingIo failing{Call::fdatasync, EIO};
        f.intake->offer(1, {1, 2, to_bytes("a")});
        f.intake->offer(2, {1, 2, to_bytes("b")});
        f.wait([&] { return f.last.failing.has_value(); });
        CHECK(f.last.failing->code == ErrorCode::io_failed);
        CHECK(f.durable == 0);
    }
    f.wait([&] { return f.durable == 2; });
    f.wait([&] { return !f.last.failing && f.last.waiting == 2; });
    CHECK(Drain{*f.spool, f.keys}.all().texts() == std::vector<std::string>{"a", "b"});
}

TEST_CASE("intake: a full spool goes on at once when the vault commits", "[courier][intake]") {
    Fixture f{SpoolLimits{12'000, 600}};
    for (std::uint64_t i = 1; i <= 20; ++i) {
        f.intake->offer(i, {1, 2, Bytes(10)});
        if (i <= 2) f.wait([&] { return f.durable == i; });
    }
    f.wait([&] { return f.last.failing.has_value(); });
    CHECK(f.last.failing->code == ErrorCode::disk_full);
    while (true) {
        std::unique_lock lock{f.mutex};
        if (f.durable == 20) break;
        const std::uint64_t durable = f.durable;
        lock.unlock();
        f.intake->commit(f.spool->next_sequence() - 1);
        lock.lock();
        f.changed.wait_for(lock, std::chrono::milliseconds{20},
                           [&] { return f.durable != durable; });
    }
    CHECK(f.spool->next_sequence() == 21);
}

TEST_CASE("intake: tells the server's queue empty once everything before is durable",
          "[courier][intake]") {
    Fixture f;
    {
        const FailingIo failing{Call::pwrite, EIO};
        f.intake->offer(1, {1, 2, to_bytes("a")});
        f.intake->queue_empty();
        f.wait([&] { return f.last.failing.has_value(); });
        CHECK_FALSE(f.last.queue_empty);
    }
    f.wait([&] { return f.last.queue_empty && f.durable == 1; });
    // What comes later is new, not waiting.
    f.intake->offer(2, {1, 2, to_bytes("b")});
    f.wait([&] { return f.durable == 2; });
    CHECK(f.last.queue_empty);
    f.intake->withdraw();
    f.wait([&] { return !f.last.queue_empty; });
    f.intake->queue_empty();
    f.wait([&] { return f.last.queue_empty; });
}

TEST_CASE("intake: what is withdrawn is not appended", "[courier][intake]") {
    Fixture f;
    {
        const FailingIo failing{Call::pwrite, EIO};
        f.intake->offer(1, {1, 2, to_bytes("old connection")});
        f.wait([&] { return f.last.failing.has_value(); });
        f.intake->withdraw();
    }
    f.intake->offer(2, {1, 2, to_bytes("new connection")});
    f.wait([&] { return f.durable == 2; });
    CHECK(Drain{*f.spool, f.keys}.all().texts() == std::vector<std::string>{"new connection"});
}

TEST_CASE("intake: asks to end the connection when too much waits in memory",
          "[courier][intake]") {
    Fixture f;
    const FailingIo failing{Call::pwrite, ENOSPC};
    std::uint64_t ticket = 0;
    for (std::size_t bytes = 0; bytes <= Intake::kMostQueuedBytes; bytes += 500'000)
        f.intake->offer(++ticket, {1, 2, Bytes(500'000)});
    f.wait([&] { return f.overflow; });
    CHECK(f.durable == 0);
}

}  // namespace
}  // namespace nacre::courier
