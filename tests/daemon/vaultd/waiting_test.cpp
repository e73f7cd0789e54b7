// Goal: nothing is taken for drained while an envelope may wait anywhere.
#include "daemon/vaultd/waiting.h"

#include <catch2/catch_test_macros.hpp>

namespace nacre::vaultd {
namespace {

courier::v1::SpoolStatus status(bool queue_empty, std::uint64_t waiting) {
    courier::v1::SpoolStatus out;
    out.set_queue_empty(queue_empty);
    out.set_waiting(waiting);
    return out;
}

TEST_CASE("waiting: at the server, in the spool, or on its way into the vault", "[vaultd][waiting]") {
    Waiting waiting;
    CHECK(waiting.any(0));  // nobody has said anything
    CHECK_FALSE(waiting.told(status(false, 0)));
    CHECK(waiting.any(0));
    CHECK_FALSE(waiting.told(status(true, 1)));
    CHECK(waiting.any(0));
    CHECK(waiting.told(status(true, 0)));
    CHECK_FALSE(waiting.told(status(true, 0)));  // no news
    CHECK_FALSE(waiting.any(0));
    CHECK(waiting.any(1));
    CHECK_FALSE(waiting.told(status(true, 1)));
    CHECK(waiting.any(0));
    CHECK(waiting.told(status(true, 0)));
    waiting.forget();
    CHECK(waiting.any(0));
}

}  // namespace
}  // namespace nacre::vaultd
