#include "clients/common/recovery_key.h"

#include <sodium.h>

#include <array>
#include <cstdlib>

namespace nacre::client {
namespace {

constexpr std::string_view kSymbols = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::string_view kPurpose = "nacre recovery key v1";
constexpr std::size_t kRandomBytes = 20;
constexpr std::size_t kKeySymbols = 32;
constexpr std::size_t kCheckSymbols = 4;
constexpr std::size_t kAllSymbols = kKeySymbols + kCheckSymbols;
constexpr std::size_t kGroup = 4;
static_assert(kRandomBytes * 8 == kKeySymbols * 5);
static_assert(kRecoveryTextSize == kAllSymbols + kAllSymbols / kGroup - 1);

using Symbols = Secret<kAllSymbols>;

// Bits, most significant first, five to a symbol.
template <std::size_t N>
void spell(std::span<const std::uint8_t, N> bytes, std::span<std::uint8_t> out) {
    for (std::size_t at = 0; at < out.size(); ++at) {
        unsigned value = 0;
        for (std::size_t bit = at * 5; bit < at * 5 + 5; ++bit) {
            value = value << 1 | (bytes[bit / 8] >> (7 - bit % 8) & 1U);
        }
        out[at] = static_cast<std::uint8_t>(kSymbols[value]);
    }
}

Result<Secret<kCheckSymbols>> check_of(const Symbols& symbols) {
    auto digest = NACRE_TRY(Secret<32>::zeroed());
    crypto_generichash(digest.span().data(), digest.span().size(), symbols.view().data(), kKeySymbols,
                       as_bytes(kPurpose).data(), kPurpose.size());
    auto check = NACRE_TRY(Secret<kCheckSymbols>::zeroed());
    spell(digest.view(), check.span());
    return check;
}

// The symbol that is meant, 0: none, '-' what is skipped.
char meant(std::uint8_t typed) {
    char c = static_cast<char>(typed);
    if (c == ' ' || c == '-' || c == '\t' || c == '\r') return '-';
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    if (c == 'O') return '0';
    if (c == 'I' || c == 'L') return '1';
    return kSymbols.find(c) == std::string_view::npos ? '\0' : c;
}

}  // namespace

Result<Passphrase> make_recovery_key() {
    if (sodium_init() < 0) std::abort();
    const auto random = NACRE_TRY(Secret<kRandomBytes>::random());
    auto symbols = NACRE_TRY(Symbols::zeroed());
    spell(random.view(), symbols.span().first(kKeySymbols));
    const auto check = NACRE_TRY(check_of(symbols));
    std::copy(check.view().begin(), check.view().end(), symbols.span().begin() + kKeySymbols);
    auto text = NACRE_TRY(Secret<kRecoveryTextSize>::zeroed());
    std::size_t out = 0;
    for (std::size_t at = 0; at < kAllSymbols; ++at) {
        if (at > 0 && at % kGroup == 0) text.span()[out++] = '-';
        text.span()[out++] = symbols.view()[at];
    }
    return Passphrase::from(text.view());
}

Result<Passphrase> parse_recovery_key(const Passphrase& typed) {
    if (sodium_init() < 0) std::abort();
    const Error wrong{ErrorCode::bad_message, "read a recovery key"};
    auto symbols = NACRE_TRY(Symbols::zeroed());
    std::size_t count = 0;
    for (const std::uint8_t byte : typed.view()) {
        const char symbol = meant(byte);
        if (symbol == '-') continue;
        if (symbol == '\0' || count == kAllSymbols) return wrong;
        symbols.span()[count++] = static_cast<std::uint8_t>(symbol);
    }
    if (count != kAllSymbols) return wrong;
    const auto check = NACRE_TRY(check_of(symbols));
    if (!equal_in_constant_time(check.view(), symbols.view().subspan<kKeySymbols>())) return wrong;
    return Passphrase::from(symbols.view().first<kKeySymbols>());
}

}  // namespace nacre::client
