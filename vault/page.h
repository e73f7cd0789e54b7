// Page: where a list goes on. A token says after which row, and for which list it was made.
//
// Layer:   vault.
// Secrets: none; a token is made of a local order number and an opaque id.
// Errors:  invalid_argument for a token that was not made for the same list.
// Threads: pure functions.
// Format:  base64url of kind (1), context (4), order (8, big endian), id (16).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "api/base/result.h"
#include "vault/id.h"

namespace nacre::vault {

// What a list handler passes on. limit 0 is the default of the list, more than its most is its
// most. An empty token is the first page.
struct PageRequest {
    std::uint32_t limit = 0;
    std::string_view token;
};

enum class PageKind : std::uint8_t { conversations = 1, messages, recipients, hits };

struct PagePosition {
    std::int64_t order = 0;
    Id id;
};

// `context` is whatever else chose the list (a conversation id, a query): a token of another
// context is refused.
std::string page_token(PageKind kind, std::string_view context, const PagePosition& last);
Result<PagePosition> parse_page_token(PageKind kind, std::string_view context,
                                      std::string_view token);

// `asked` brought between 1 and `most`; 0 becomes 50.
std::uint32_t page_limit(std::uint32_t asked, std::uint32_t most);

}  // namespace nacre::vault
