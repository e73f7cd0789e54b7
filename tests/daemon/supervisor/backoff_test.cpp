#include "daemon/supervisor/backoff.h"

#include <catch2/catch_test_macros.hpp>

using nacre::supervisor::Backoff;
using std::chrono::milliseconds;

TEST_CASE("backoff: doubles up to ten seconds", "[supervisor][backoff]") {
    Backoff backoff;
    for (const int wait : {100, 200, 400, 800, 1600, 3200, 6400, 10'000, 10'000}) {
        CHECK(backoff.after(milliseconds{5}, true) == milliseconds{wait});
    }
}

TEST_CASE("backoff: begins anew after a good life, and only then", "[supervisor][backoff]") {
    Backoff backoff;
    (void)backoff.after(milliseconds{5}, true);
    CHECK(backoff.after(milliseconds{2'999}, true) == milliseconds{200});
    CHECK(backoff.after(milliseconds{60'000}, false) == milliseconds{400});
    CHECK(backoff.after(milliseconds{3'000}, true) == milliseconds{100});
    CHECK(backoff.after(milliseconds{5}, true) == milliseconds{200});
}
