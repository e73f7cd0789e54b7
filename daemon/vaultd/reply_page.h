// fill_page: a page of replies that a client's gRPC accepts whatever the rows hold.
//
// Layer:   daemon/vaultd.
// Errors:  those of the query.
// Threads: pure.
#pragma once

#include <cstddef>
#include <cstdint>

#include "api/base/result.h"
#include "vault/page.h"

namespace nacre::vaultd {

// Below the 4 MiB that gRPC clients take unless told otherwise.
inline constexpr std::size_t kMaxPageBytes = 3 << 20;

// `fill(page)` runs the query and fills `reply`; `items` are the reply's rows. When they are too
// large together, the query runs again for as many as fit, so that its page token is right.
template <class Reply, class Items, class Fill>
Result<void> fill_page(Reply& reply, Items items, vault::PageRequest page, Fill fill) {
    NACRE_TRY(fill(page));
    if (reply.ByteSizeLong() <= kMaxPageBytes) return {};
    std::size_t bytes = 0;
    std::uint32_t fitting = 0;
    for (const auto& item : items(reply)) {
        bytes += item.ByteSizeLong() + 8;  // and its tag and length
        if (bytes > kMaxPageBytes) break;
        ++fitting;
    }
    page.limit = fitting == 0 ? 1 : fitting;
    reply.Clear();
    return fill(page);
}

}  // namespace nacre::vaultd
