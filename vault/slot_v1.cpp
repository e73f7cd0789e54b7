#include "vault/slot_v1.h"

#include <sodium.h>

#include <algorithm>
#include <cstring>

namespace nacre::vault::v1 {
namespace {

// A slot: nonce, then the AEAD of the plaintext below, tag at the end.
constexpr std::size_t kNonceSize = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t kTagSize = crypto_aead_xchacha20poly1305_ietf_ABYTES;
constexpr std::size_t kPlainSize = kSlotSize - kNonceSize - kTagSize;
static_assert(kPlainSize == 88);

// Of the plaintext: type, vault key, zeros.
constexpr std::size_t kTypeAt = 0;
constexpr std::size_t kKeyAt = 8;
constexpr std::size_t kZerosAt = 40;

constexpr std::string_view kLabel = "nacre slot v1";  // 13 bytes, then vault id, then the index
using Associated = std::array<std::uint8_t, 32>;

Associated associated(const VaultId& vault, std::size_t index) {
    Associated data{};
    std::copy(kLabel.begin(), kLabel.end(), data.begin());
    std::copy(vault.begin(), vault.end(), data.begin() + kLabel.size());
    data[kLabel.size() + vault.size()] = static_cast<std::uint8_t>(index);
    return data;
}

bool open_slot(const Slot& slot, const Associated& bound, const Secret<32>& wrapping_key,
               Secret<kPlainSize>& plain) {
    return crypto_aead_xchacha20poly1305_ietf_decrypt(
               plain.span().data(), nullptr, nullptr, slot.data() + kNonceSize,
               slot.size() - kNonceSize, bound.data(), bound.size(), slot.data(),
               wrapping_key.view().data()) == 0;
}

}  // namespace

Result<Unwrapped> unwrap(const Slots& slots, const VaultId& vault, const Secret<32>& wrapping_key) {
    auto plain = NACRE_TRY(Secret<kPlainSize>::zeroed());
    auto chosen = NACRE_TRY(Secret<kPlainSize>::zeroed());
    std::size_t index = kSlotCount;
    for (std::size_t at = 0; at < kSlotCount; ++at) {
        const bool opened = open_slot(slots[at], associated(vault, at), wrapping_key, plain);
        // The same bytes move whether it opened or not; the last one that did stays.
        const auto mask = static_cast<std::uint8_t>(-static_cast<int>(opened));
        for (std::size_t byte = 0; byte < kPlainSize; ++byte) {
            chosen.span()[byte] ^= mask & (chosen.view()[byte] ^ plain.view()[byte]);
        }
        if (opened) index = at;
    }
    if (index == kSlotCount) return Error{ErrorCode::wrong_passphrase, "open a slot"};
    std::uint32_t type = 0;
    for (int byte = 3; byte >= 0; --byte) type = type << 8 | chosen.view()[kTypeAt + byte];
    const auto rest = chosen.view().subspan<kZerosAt>();
    const bool zeros = sodium_is_zero(rest.data(), rest.size()) == 1;
    if (!zeros || type != static_cast<std::uint32_t>(SlotType::passphrase)) {
        return Error{ErrorCode::vault_too_new, "read a slot"};
    }
    auto vault_key = NACRE_TRY(Secret<32>::from(chosen.view().subspan<kKeyAt, 32>()));
    return Unwrapped{index, std::move(vault_key)};
}

}  // namespace nacre::vault::v1
