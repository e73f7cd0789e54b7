// Goal: the vault gets what it has credit for, in order, and everything again on a new link.
#include "daemon/courier/feeder.h"

#include <catch2/catch_test_macros.hpp>
#include <condition_variable>
#include <future>

#include "daemon/spool/open.h"
#include "tests/support/temp_dir.h"

namespace nacre::courier {
namespace {

// The vault's end of a link.
struct Vault {
    std::mutex mutex;
    std::condition_variable changed;
    int segments = 0;
    std::vector<std::string> records;
    std::vector<v1::SpoolStatus> spool;
    std::vector<v1::ConnectionStatus> connection;
    std::optional<spool::SegmentReader> reader;
    std::unique_ptr<link::Channel> channel;
    std::shared_ptr<link::Channel> courier;

    Vault(Feeder& feeder, const spool::EpochKeys& keys) {
        auto ends = std::move(daemon::stream_pair()).value();
        link::Handlers handlers;
        handlers.on_frame = [this, &keys](const link::Frame& frame) { take(frame, keys); };
        auto opened = std::async(std::launch::async, [&] {
            return link::Channel::open(std::move(ends.first), link::Side::vault, {}, handlers);
        });
        feeder.detach();
        link::Handlers courier_handlers;
        courier_handlers.on_frame = [&feeder](const link::Frame& frame) {
            if (frame.has_credit()) feeder.credit(frame.credit().count());
        };
        courier = std::move(link::Channel::open(std::move(ends.second), link::Side::courier, {},
                                                courier_handlers))
                      .value();
        channel = std::move(opened.get()).value();
        feeder.attach(courier);
    }
    ~Vault() { channel->close(); }

    void take(const link::Frame& frame, const spool::EpochKeys& keys) {
        const std::lock_guard lock{mutex};
        if (frame.has_spool_segment()) {
            ++segments;
            reader.emplace(
                std::move(spool::SegmentReader::begin(as_bytes(frame.spool_segment().header()), keys))
                    .value());
        }
        if (frame.has_spool_record())
            records.push_back(to_string(
                std::move(reader->open(frame.spool_record().sequence(),
                                       as_bytes(frame.spool_record().sealed())))
                    .value()
                    .envelope));
        if (frame.has_spool_status()) spool.push_back(frame.spool_status());
        if (frame.has_connection_status()) connection.push_back(frame.connection_status());
        changed.notify_all();
    }

    void credit(std::uint64_t count) {
        link::Frame frame;
        frame.mutable_credit()->set_count(count);
        REQUIRE(channel->post(frame).ok());
    }

    template <class Condition>
    void wait(Condition condition) {
        std::unique_lock lock{mutex};
        REQUIRE(changed.wait_for(lock, std::chrono::seconds{20}, condition));
    }
};

struct Fixture {
    tests::TempDir folder;
    spool::EpochKeys keys = std::move(spool::generate_epoch(1)).value();
    std::unique_ptr<Spool> spool;
    std::optional<Feeder> feeder;
    std::uint64_t made = 0;

    Fixture() {
        const auto state = StateFolder::open(folder.path());
        REQUIRE(state.ok());
        spool = std::move(Spool::open(*state, {std::uint64_t{1} << 30, 4000})).value();
        REQUIRE(spool->set_epoch(1, keys.public_key, 0).ok());
        feeder.emplace(*spool);
    }

    void append(int count) {
        std::vector<Envelope> batch;
        for (int i = 0; i < count; ++i) batch.push_back({1, 2, to_bytes(std::to_string(++made))});
        REQUIRE(spool->append(batch).ok());
        feeder->grown();
    }
};

void check_numbered(const std::vector<std::string>& records) {
    for (std::size_t i = 0; i < records.size(); ++i) CHECK(records[i] == std::to_string(i + 1));
}

TEST_CASE("feeder: sends no more than it has credit for", "[courier][feeder]") {
    Fixture f;
    f.append(20);
    Vault vault{*f.feeder, f.keys};
    vault.credit(3);
    vault.wait([&] { return vault.records.size() == 3; });
    // A status sent now comes behind any record sent before it.
    f.feeder->set_spool({17, true, {}});
    vault.wait([&] { return !vault.spool.empty(); });
    CHECK(vault.records.size() == 3);
    vault.credit(2);
    vault.wait([&] { return vault.records.size() == 5; });
    vault.credit(1000);
    vault.wait([&] { return vault.records.size() == 20; });
    f.append(10);
    vault.wait([&] { return vault.records.size() == 30; });
    check_numbered(vault.records);
}

TEST_CASE("feeder: a new link gets everything that is kept, from the start", "[courier][feeder]") {
    Fixture f;
    for (int i = 0; i < 10; ++i) f.append(3);
    {
        Vault first{*f.feeder, f.keys};
        first.credit(17);
        first.wait([&] { return first.records.size() == 17; });
    }
    Vault second{*f.feeder, f.keys};
    f.feeder->set_spool({1, false, {}});
    second.wait([&] { return !second.spool.empty(); });
    CHECK(second.records.empty());  // the old link's credit is gone with it
    second.credit(1000);
    second.wait([&] { return second.records.size() == 30; });
    check_numbered(second.records);
    CHECK(second.segments > 1);
}

TEST_CASE("feeder: a new link is told how spool and connection fare", "[courier][feeder]") {
    Fixture f;
    v1::ConnectionStatus status;
    status.set_state(v1::ConnectionStatus::STATE_UNLINKED);
    f.feeder->set_connection(status);
    f.feeder->set_spool({5, true, Error{ErrorCode::disk_full, "test"}});
    Vault vault{*f.feeder, f.keys};
    vault.wait([&] { return !vault.connection.empty() && !vault.spool.empty(); });
    CHECK(vault.connection[0].state() == v1::ConnectionStatus::STATE_UNLINKED);
    CHECK(vault.spool[0].waiting() == 5);
    CHECK(vault.spool[0].queue_empty());
    CHECK(vault.spool[0].failed().code() == "disk_full");
}

TEST_CASE("feeder: counts are told now and then, and the last one in any case",
          "[courier][feeder]") {
    Fixture f;
    Vault vault{*f.feeder, f.keys};
    for (std::uint64_t i = 0; i <= 5000; ++i) f.feeder->set_spool({i, false, {}});
    vault.wait([&] { return !vault.spool.empty() && vault.spool.back().waiting() == 5000; });
    CHECK(vault.spool.size() < 50);
}

}  // namespace
}  // namespace nacre::courier
