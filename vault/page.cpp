#include "vault/page.h"

#include <sodium.h>

#include <algorithm>
#include <array>

#include "api/base/bytes.h"

namespace nacre::vault {
namespace {

constexpr std::size_t kContextBytes = 4;
constexpr std::size_t kTokenBytes = 1 + kContextBytes + 8 + 16;
constexpr int kVariant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
constexpr std::uint32_t kDefaultLimit = 50;

using Token = std::array<std::uint8_t, kTokenBytes>;

Token encode(PageKind kind, std::string_view context, const PagePosition& position) {
    Token token;
    token[0] = static_cast<std::uint8_t>(kind);
    std::array<std::uint8_t, crypto_generichash_BYTES_MIN> hash;
    crypto_generichash(hash.data(),
                       hash.size(),
                       as_bytes(context).data(),
                       context.size(),
                       nullptr,
                       0);
    auto out = std::copy_n(hash.begin(), kContextBytes, token.begin() + 1);
    const auto order = static_cast<std::uint64_t>(position.order);
    for (int shift = 56; shift >= 0; shift -= 8) *out++ = static_cast<std::uint8_t>(order >> shift);
    std::copy(position.id.bytes.begin(), position.id.bytes.end(), out);
    return token;
}

}  // namespace

std::string page_token(PageKind kind, std::string_view context, const PagePosition& last) {
    const Token token = encode(kind, context, last);
    std::array<char, sodium_base64_ENCODED_LEN(kTokenBytes, kVariant)> text{};
    sodium_bin2base64(text.data(), text.size(), token.data(), token.size(), kVariant);
    return text.data();
}

Result<PagePosition> parse_page_token(PageKind kind, std::string_view context,
                                      std::string_view token) {
    const Error bad{ErrorCode::invalid_argument, "parse page token"};
    Token bytes;
    std::size_t length = 0;
    if (sodium_base642bin(bytes.data(),
                          bytes.size(),
                          token.data(),
                          token.size(),
                          nullptr,
                          &length,
                          nullptr,
                          kVariant) != 0 ||
        length != bytes.size()) {
        return bad;
    }
    PagePosition position;
    std::uint64_t order = 0;
    for (std::size_t i = 0; i < 8; ++i) order = order << 8 | bytes[1 + kContextBytes + i];
    position.order = static_cast<std::int64_t>(order);
    std::copy_n(bytes.end() - 16, 16, position.id.bytes.begin());
    if (position.order < 0 || encode(kind, context, position) != bytes) return bad;
    return position;
}

std::uint32_t page_limit(std::uint32_t asked, std::uint32_t most) {
    return std::min(asked == 0 ? kDefaultLimit : asked, most);
}

}  // namespace nacre::vault
