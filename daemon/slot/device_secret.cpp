#include "daemon/slot/device_secret.h"

#include <sodium.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <thread>

#include "vault/kdf.h"
#include "vault/kdf_limits.h"

namespace nacre::slot {
namespace {

constexpr std::string_view kPurpose = "nacre tpm v1";
constexpr char kContext[crypto_kdf_CONTEXTBYTES + 1] = "nacretpm";
constexpr std::uint64_t kAuthKey = 1;
constexpr std::uint64_t kMixKey = 2;

// vaultd's Argon2id follows over what comes of it, so that this one need not take a second.
constexpr std::uint32_t kPasses = 3;
constexpr std::uint32_t kMostLanes = 4;

// What a passphrase becomes. Both dear to guess: the first, because the TPM gets it, and a TPM may be
// read out; the second goes into the slot's secret.
struct Stretched {
    Secret<32> auth;
    Secret<32> mix;
};

tpm::Stretch new_stretch() {
    const vault::KdfLimits& limits = vault::kdf_limits();
    tpm::Stretch stretch{limits.floor_kib, std::max(kPasses, limits.min_passes),
                         std::clamp(std::thread::hardware_concurrency(), 1U, kMostLanes),
                         {}};
    fill_with_random(stretch.salt);
    return stretch;
}

Result<Secret<32>> derived(const Secret<32>& key, std::uint64_t number) {
    auto out = NACRE_TRY(Secret<32>::zeroed());
    crypto_kdf_derive_from_key(out.span().data(), out.span().size(), number, kContext,
                               key.view().data());
    return out;
}

Result<Stretched> stretched(const Passphrase& passphrase, const tpm::Stretch& stretch) {
    const auto key = vault::derive_key(passphrase, stretch.salt,
                                       {stretch.memory_kib, stretch.passes, stretch.lanes});
    if (!key.ok()) {
        const bool damaged = key.error().code == ErrorCode::vault_damaged;
        return Error{damaged ? ErrorCode::bad_message : key.error().code, key.error().where,
                     key.error().os_error};
    }
    auto auth = NACRE_TRY(derived(*key, kAuthKey));
    auto mix = NACRE_TRY(derived(*key, kMixKey));
    return Stretched{std::move(auth), std::move(mix)};
}

// Needs both: keyed with what the TPM keeps, over what the passphrase became.
Result<Secret<32>> mixed(const Secret<32>& kept, const Secret<32>* mix) {
    auto secret = NACRE_TRY(Secret<32>::zeroed());
    crypto_generichash_state state;
    crypto_generichash_init(&state, kept.view().data(), kept.view().size(), secret.view().size());
    crypto_generichash_update(&state, as_bytes(kPurpose).data(), kPurpose.size());
    if (mix != nullptr) {
        crypto_generichash_update(&state, mix->view().data(), mix->view().size());
    }
    crypto_generichash_final(&state, secret.span().data(), secret.span().size());
    sodium_memzero(&state, sizeof state);
    return secret;
}

}  // namespace

Result<NewSlot> make_slot(Tpm& tpm, Registers registers, const Passphrase* passphrase) {
    tpm::SlotFile file;
    file.registers = registers;
    std::optional<Stretched> keys;
    if (passphrase != nullptr) {
        file.stretch = new_stretch();
        keys.emplace(NACRE_TRY(stretched(*passphrase, *file.stretch)));
    }
    const auto kept = NACRE_TRY(Secret<32>::random());
    file.sealed = NACRE_TRY(tpm.seal(kept, registers, keys ? &keys->auth : nullptr));
    auto secret = NACRE_TRY(mixed(kept, keys ? &keys->mix : nullptr));
    return NewSlot{std::move(secret), std::move(file)};
}

Result<Secret<32>> open_slot(Tpm& tpm, const tpm::SlotFile& file, const Passphrase* passphrase) {
    if ((passphrase != nullptr) != file.stretch.has_value()) {
        return Error{ErrorCode::invalid_argument, "open a TPM slot: with a passphrase or without"};
    }
    std::optional<Stretched> keys;
    if (passphrase != nullptr) keys.emplace(NACRE_TRY(stretched(*passphrase, *file.stretch)));
    const auto kept =
        NACRE_TRY(tpm.unseal(file.sealed, file.registers, keys ? &keys->auth : nullptr));
    return mixed(kept, keys ? &keys->mix : nullptr);
}

}  // namespace nacre::slot
