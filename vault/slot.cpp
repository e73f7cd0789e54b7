#include "vault/slot.h"

#include <sodium.h>

#include <algorithm>
#include <cstring>

namespace nacre::vault {
namespace {

constexpr std::size_t kNonceSize = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t kTagSize = crypto_aead_xchacha20poly1305_ietf_ABYTES;

// Front: nonce, then type, zeros and private key, then tag. Back: content, then tag.
constexpr std::size_t kFrontPlainSize = 40;
constexpr std::size_t kPrivateKeyAt = 8;
constexpr std::size_t kFrontSize = kNonceSize + kFrontPlainSize + kTagSize;
constexpr std::size_t kBackSize = 32 + kTagSize;
static_assert(kFrontSize + kBackSize == kSlotSize);

constexpr std::string_view kFrontLabel = "nacre slot v2";  // 13 bytes, then vault id, then index
constexpr std::string_view kBackLabel = "nacre slot key v2";
using Associated = std::array<std::uint8_t, 32>;

Associated associated(const SlotPlace& place) {
    Associated data{};
    std::copy(kFrontLabel.begin(), kFrontLabel.end(), data.begin());
    std::copy(place.vault.begin(), place.vault.end(), data.begin() + kFrontLabel.size());
    data[kFrontLabel.size() + kVaultIdSize] = static_cast<std::uint8_t>(place.index);
    return data;
}

bool open_front(const Slot& slot, const SlotPlace& place, const Secret<32>& wrapping_key,
                Secret<kFrontPlainSize>& plain) {
    const Associated bound = associated(place);
    return crypto_aead_xchacha20poly1305_ietf_decrypt(
               plain.span().data(), nullptr, nullptr, slot.data() + kNonceSize,
               kFrontSize - kNonceSize, bound.data(), bound.size(), slot.data(),
               wrapping_key.view().data()) == 0;
}

// The key of the back part, which encrypts one content only: either pair is made anew for another.
Result<Secret<32>> agree(const SlotPlace& place, const Secret<32>& own, const PublicKey& other,
                         const PublicKey& header_key, const PublicKey& slot_key) {
    auto shared = NACRE_TRY(Secret<32>::zeroed());
    if (crypto_scalarmult_curve25519(shared.span().data(), own.view().data(), other.data()) != 0) {
        return Error{ErrorCode::vault_damaged, "agree on a slot's key"};
    }
    const auto index = static_cast<std::uint8_t>(place.index);
    auto key = NACRE_TRY(Secret<32>::zeroed());
    crypto_generichash_state state;
    crypto_generichash_init(&state, shared.view().data(), shared.view().size(), key.view().size());
    crypto_generichash_update(&state, as_bytes(kBackLabel).data(), kBackLabel.size());
    crypto_generichash_update(&state, place.vault.data(), place.vault.size());
    crypto_generichash_update(&state, &index, 1);
    crypto_generichash_update(&state, header_key.data(), header_key.size());
    crypto_generichash_update(&state, slot_key.data(), slot_key.size());
    crypto_generichash_final(&state, key.span().data(), key.span().size());
    sodium_memzero(&state, sizeof state);
    return key;
}

constexpr std::array<std::uint8_t, kNonceSize> kNoNonce{};

void seal_back(Slot& slot, const Secret<32>& key, const Secret<32>& content) {
    crypto_aead_xchacha20poly1305_ietf_encrypt(
        slot.data() + kFrontSize, nullptr, content.view().data(), content.view().size(), nullptr, 0,
        nullptr, kNoNonce.data(), key.view().data());
}

Result<Secret<32>> open_back(const Slot& slot, const Secret<32>& key) {
    auto content = NACRE_TRY(Secret<32>::zeroed());
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(
            content.span().data(), nullptr, nullptr, slot.data() + kFrontSize, kBackSize, nullptr, 0,
            kNoNonce.data(), key.view().data()) != 0) {
        return Error{ErrorCode::vault_damaged, "open a slot's content"};
    }
    return content;
}

Result<SlotType> type_of(const Secret<kFrontPlainSize>& plain) {
    std::uint32_t type = 0;
    for (int byte = 3; byte >= 0; --byte) type = type << 8 | plain.view()[byte];
    const auto rest = plain.view().subspan<4, 4>();
    if (type == 0 || type > kNewestSlotType || sodium_is_zero(rest.data(), rest.size()) != 1) {
        return Error{ErrorCode::vault_too_new, "read a slot"};
    }
    return static_cast<SlotType>(type);
}

}  // namespace

Result<KeyPair> generate_pair() {
    auto private_key = NACRE_TRY(Secret<32>::random());
    KeyPair pair{{}, std::move(private_key)};
    crypto_scalarmult_curve25519_base(pair.public_key.data(), pair.private_key.view().data());
    return pair;
}

void clear_slot(Slot& slot) { fill_with_random(slot); }

void clear_slots(Slots& slots) {
    for (Slot& slot : slots) clear_slot(slot);
}

Result<void> write_front(Slot& slot, const SlotPlace& place, SlotType type,
                         const Secret<32>& wrapping_key, const Secret<32>& private_key) {
    if (place.index >= kSlotCount) return Error{ErrorCode::internal, "write a slot"};
    auto plain = NACRE_TRY(Secret<kFrontPlainSize>::zeroed());
    for (int byte = 0; byte < 4; ++byte) {
        plain.span()[byte] =
            static_cast<std::uint8_t>(static_cast<std::uint32_t>(type) >> (8 * byte));
    }
    std::copy(private_key.view().begin(), private_key.view().end(),
              plain.span().begin() + kPrivateKeyAt);
    fill_with_random({slot.data(), kNonceSize});
    const Associated bound = associated(place);
    crypto_aead_xchacha20poly1305_ietf_encrypt(
        slot.data() + kNonceSize, nullptr, plain.view().data(), plain.view().size(), bound.data(),
        bound.size(), nullptr, slot.data(), wrapping_key.view().data());
    return {};
}

Result<void> write_back_as_slot(Slot& slot, const SlotPlace& place, const KeyPair& pair,
                                const PublicKey& header_key, const Secret<32>& content) {
    const auto key =
        NACRE_TRY(agree(place, pair.private_key, header_key, header_key, pair.public_key));
    seal_back(slot, key, content);
    return {};
}

Result<void> write_back_as_header(Slot& slot, const SlotPlace& place, const PublicKey& slot_key,
                                  const KeyPair& header_pair, const Secret<32>& content) {
    const auto key =
        NACRE_TRY(agree(place, header_pair.private_key, slot_key, header_pair.public_key, slot_key));
    seal_back(slot, key, content);
    return {};
}

Result<Unwrapped> unwrap(const Slots& slots, const VaultId& vault, const PublicKey& header_key,
                         const Secret<32>& wrapping_key) {
    auto plain = NACRE_TRY(Secret<kFrontPlainSize>::zeroed());
    auto chosen = NACRE_TRY(Secret<kFrontPlainSize>::zeroed());
    std::size_t index = kSlotCount;
    for (std::size_t at = 0; at < kSlotCount; ++at) {
        const bool opened = open_front(slots[at], {vault, at}, wrapping_key, plain);
        // The same bytes move whether it opened or not; the last one that did stays.
        const auto mask = static_cast<std::uint8_t>(-static_cast<int>(opened));
        for (std::size_t byte = 0; byte < kFrontPlainSize; ++byte) {
            chosen.span()[byte] ^= mask & (chosen.view()[byte] ^ plain.view()[byte]);
        }
        if (opened) index = at;
    }
    if (index == kSlotCount) return Error{ErrorCode::wrong_passphrase, "open a slot"};
    const SlotType type = NACRE_TRY(type_of(chosen));
    auto private_key = NACRE_TRY(Secret<32>::from(chosen.view().subspan<kPrivateKeyAt, 32>()));
    PublicKey public_key{};
    crypto_scalarmult_curve25519_base(public_key.data(), private_key.view().data());
    const auto key =
        NACRE_TRY(agree({vault, index}, private_key, header_key, header_key, public_key));
    auto content = NACRE_TRY(open_back(slots[index], key));
    return Unwrapped{index, type, std::move(private_key), std::move(content)};
}

}  // namespace nacre::vault
