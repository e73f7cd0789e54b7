// Goal: free memory is overwritten up to the share that was asked for, and never at the cost of
// others.
#include "daemon/overwrite/plan.h"

#include <catch2/catch_test_macros.hpp>

#include "daemon/overwrite/progress.h"

namespace nacre::overwrite {
namespace {

constexpr std::uint64_t kGib = std::uint64_t{1} << 20;  // in KiB

int steps(std::uint32_t percent, MemoryInfo now, bool reached) {
    Plan plan{now, percent};
    int taken = 0;
    while (plan.may_step(now)) {
        plan.stepped();
        now.free -= kStepKib;
        now.available -= kStepKib;
        ++taken;
    }
    CHECK(plan.percent_done() < 100);
    CHECK(plan.reached() == reached);
    return taken;
}

TEST_CASE("overwrite: the share that was asked for is taken", "[overwrite]") {
    CHECK(steps(50, {16 * kGib, 8 * kGib, 12 * kGib}, true) == 4 * 64);
    CHECK(steps(1, {16 * kGib, kGib, 12 * kGib}, true) == 1);  // whole steps
    // A twentieth of 16 GiB stays free.
    CHECK(steps(90, {16 * kGib, 1 * kGib, 12 * kGib}, false) == 12);
}

TEST_CASE("overwrite: where little is free or available nothing is taken", "[overwrite]") {
    CHECK(steps(90, {16 * kGib, kGib / 4, 12 * kGib}, false) == 0);
    CHECK(steps(90, {16 * kGib, 8 * kGib, kGib / 4}, false) == 0);
    CHECK(steps(90, {kGib / 2, kGib / 4, kGib / 4}, false) == 0);
    CHECK(steps(1, {kGib, 200, 200}, false) == 0);
}

TEST_CASE("overwrite: what the kernel says of memory is read", "[overwrite]") {
    const auto info = parse_memory_info(
        "MemTotal:       24635816 kB\nMemFree:        20123456 kB\nMemAvailable:   22123456 kB\n");
    REQUIRE(info);
    CHECK(info->total == 24635816);
    CHECK(info->free == 20123456);
    CHECK(info->available == 22123456);
    CHECK_FALSE(parse_memory_info("MemTotal: 1 kB\nMemFree: 1 kB\n"));
    CHECK_FALSE(parse_memory_info("MemTotal: 1 kB\nMemFree: x kB\nMemAvailable: 1 kB\n"));
    CHECK_FALSE(parse_memory_info(""));
}

TEST_CASE("overwrite: progress passes through the shared file", "[overwrite]") {
    const auto file = make_progress();
    REQUIRE(file.ok());
    CHECK(read_progress(file->get()).state == Progress::State::none);
    write_progress(file->get(), {Progress::State::running, 37});
    CHECK(read_progress(file->get()).state == Progress::State::running);
    CHECK(read_progress(file->get()).percent == 37);
    write_progress(file->get(), {Progress::State::running, 101});
    CHECK(read_progress(file->get()).state == Progress::State::none);
    CHECK(read_progress(-1).state == Progress::State::none);
}

TEST_CASE("overwrite: what its writer did not end, ended early", "[overwrite]") {
    const auto file = make_progress();
    REQUIRE(file.ok());
    end_progress(file->get());
    CHECK(read_progress(file->get()).state == Progress::State::none);
    write_progress(file->get(), {Progress::State::running, 37});
    end_progress(file->get());
    CHECK(read_progress(file->get()).state == Progress::State::ended_early);
    CHECK(read_progress(file->get()).percent == 37);
    write_progress(file->get(), {Progress::State::done, 100});
    end_progress(file->get());
    CHECK(read_progress(file->get()).state == Progress::State::done);
}

}  // namespace
}  // namespace nacre::overwrite
