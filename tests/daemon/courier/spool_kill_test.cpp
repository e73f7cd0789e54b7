// Goal: killed at any point of append and delete, the spool loses nothing that could have been
// acknowledged, and its numbers go on without a gap or a repetition.
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <csignal>
#include <cstdlib>

#include "daemon/base/crash_point.h"
#include "spool_drain.h"
#include "tests/support/temp_dir.h"

namespace nacre::courier {
namespace {

constexpr SpoolLimits kSmallSegments{std::uint64_t{1} << 30, 1200};

std::unique_ptr<Spool> open_spool(const tests::TempDir& folder) {
    const auto state = StateFolder::open(folder.path());
    REQUIRE(state.ok());
    return std::move(Spool::open(*state, kSmallSegments)).value();
}

// In the child: 20 records, two at a time; each pair is told to the pipe as acknowledged; every
// third pair commits all.
[[noreturn]] void write_until_killed(Spool& spool, int acknowledged) {
    std::uint64_t number = spool.next_sequence();
    for (int round = 0; round < 10; ++round) {
        const Envelope first{1, 2, to_bytes(std::to_string(number))};
        const Envelope second{1, 2, to_bytes(std::to_string(number + 1))};
        const Envelope batch[] = {first, second};
        if (!spool.append(batch).ok()) _exit(3);
        number += 2;
        const std::uint64_t last = number - 1;
        if (write(acknowledged, &last, sizeof last) != sizeof last) _exit(4);
        if (round % 3 == 2) spool.commit(last);
    }
    _exit(0);
}

// The last acknowledged sequence of a child that ran until `point` or its end.
std::uint64_t run_child(const tests::TempDir& folder, const std::string& point) {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        setenv("NACRE_CRASH_POINT", point.c_str(), 1);
        const auto state = StateFolder::open(folder.path());
        auto spool = state.ok() ? Spool::open(*state, kSmallSegments) : state.error();
        if (!spool.ok()) _exit(5);
        write_until_killed(**spool, ends[1]);
    }
    close(ends[1]);
    std::uint64_t last = 0;
    std::uint64_t each = 0;
    while (read(ends[0], &each, sizeof each) == sizeof each) last = each;
    close(ends[0]);
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    REQUIRE((WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
    return last;
}

TEST_CASE("spool: killed between append and acknowledgement, nothing is lost",
          "[courier][spool][kill]") {
    const std::string point = GENERATE("before_append", "after_append", "before_delete",
                                       "after_delete");
    const int hit = GENERATE(1, 2, 3);
    CAPTURE(point, hit);
    const tests::TempDir folder;
    const auto keys = spool::generate_epoch(1);
    REQUIRE(keys.ok());
    REQUIRE(open_spool(folder)->set_epoch(1, keys->public_key, 0).ok());

    std::uint64_t acknowledged = 0;
    for (int life = 0; life < 3; ++life) {
        acknowledged = std::max(acknowledged, run_child(folder, point + ":" + std::to_string(hit)));
        const auto spool = open_spool(folder);
        const auto drained = tests::Drain{*spool, *keys}.all();
        CHECK(drained.unreadable == 0);
        REQUIRE(drained.records.empty() == (spool->next_sequence() == 1));
        CHECK(spool->next_sequence() > acknowledged);
        if (drained.records.empty()) continue;
        tests::require_continuous(drained.records, drained.records.front().sequence);
        CHECK(drained.records.back().sequence >= acknowledged);
        for (const auto& record : drained.records)
            CHECK(to_string(record.envelope) == std::to_string(record.sequence));
    }
}

}  // namespace
}  // namespace nacre::courier
