#include "daemon/sentry/cause.h"

#include <catch2/catch_test_macros.hpp>

using nacre::sentry::Cause;

TEST_CASE("cause: off, it never locks", "[sentry][cause]") {
    Cause cause{std::nullopt};
    CHECK_FALSE(cause.watched());
    CHECK_FALSE(cause.begin(1));
    CHECK_FALSE(cause.due());
    CHECK_FALSE(cause.expire(1'000'000));
    CHECK_FALSE(cause.end(1'000'000));
}

TEST_CASE("cause: without a delay it locks each time it begins", "[sentry][cause]") {
    Cause cause{0};
    CHECK(cause.at_once());
    CHECK(cause.begin(1'000));
    CHECK_FALSE(cause.due());
    // The session may be locked again without ever having been unlocked.
    CHECK(cause.begin(2'000));
    CHECK_FALSE(cause.end(3'000));
}

TEST_CASE("cause: with a delay it locks once, when it has lasted", "[sentry][cause]") {
    Cause cause{5};
    CHECK_FALSE(cause.at_once());
    CHECK_FALSE(cause.begin(1'000));
    CHECK(cause.due() == 6'000);
    CHECK_FALSE(cause.begin(3'000));
    CHECK(cause.due() == 6'000);
    CHECK_FALSE(cause.expire(5'999));
    CHECK(cause.expire(6'000));
    CHECK_FALSE(cause.due());
    CHECK_FALSE(cause.expire(7'000));
}

TEST_CASE("cause: one that ends in time does not lock", "[sentry][cause]") {
    Cause cause{5};
    CHECK_FALSE(cause.begin(1'000));
    CHECK_FALSE(cause.end(5'999));
    CHECK_FALSE(cause.due());
    CHECK_FALSE(cause.expire(10'000));
}

TEST_CASE("cause: one that lasted while nobody looked locks at its end", "[sentry][cause]") {
    Cause cause{5};
    CHECK_FALSE(cause.begin(1'000));
    CHECK(cause.end(3'600'000));
    CHECK_FALSE(cause.end(3'600'001));
}
