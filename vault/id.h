// Id: the opaque name by which the API knows a row. 16 random bytes, 22 characters base64url.
//
// Layer:   vault.
// Secrets: none; ids say nothing, but are not logged either.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "api/base/bytes.h"
#include "api/base/result.h"

namespace nacre::vault {

struct Id {
    std::array<std::uint8_t, 16> bytes{};

    static Id random();
    // invalid_argument unless exactly 22 base64url characters that encode 16 bytes.
    static Result<Id> parse(std::string_view text);
    std::string text() const;
    auto operator<=>(const Id&) const = default;
};

// Ids for rows stored one after another: random, but 256 in a row share their first four bytes. Their
// entries in the index then stand side by side, and a batch writes few pages instead of one an id
// (measured: 12 us a message less). All that such ids tell is that two were made about the same time.
class IdSeries {
public:
    Id next();

private:
    std::array<std::uint8_t, 4> shared_{};
    int left_ = 0;
};

}  // namespace nacre::vault
