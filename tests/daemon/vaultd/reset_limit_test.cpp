// Goal: nobody makes us end sessions without end, and nobody does it for others.
#include "daemon/vaultd/reset_limit.h"

#include <catch2/catch_test_macros.hpp>

namespace nacre::vaultd {
namespace {

vault::ServiceId sender(std::uint8_t fill) {
    vault::Uuid uuid;
    uuid.fill(fill);
    return vault::ServiceId::aci(uuid);
}

TEST_CASE("reset limit: so many an hour for each sender", "[vaultd][reset_limit]") {
    constexpr std::int64_t kStart = 5'000;
    ResetLimit limit;
    for (int i = 0; i < ResetLimit::kMost; ++i) CHECK(limit.take(sender(1), kStart + i));
    CHECK_FALSE(limit.take(sender(1), kStart + 100));
    CHECK(limit.take(sender(2), kStart + 100));
    CHECK_FALSE(limit.take(sender(1), kStart + ResetLimit::kWindowMs - 1));
    CHECK(limit.take(sender(1), kStart + ResetLimit::kWindowMs));
}

}  // namespace
}  // namespace nacre::vaultd
