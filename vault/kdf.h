// Kdf: from passphrase to wrapping key, by Argon2id, at a price measured on the owner's machine.
//
// Layer:   vault. The only file that includes argon2.h is kdf.cpp.
// Secrets: borrows the passphrase, writes the key straight into the arena. Argon2's own memory is
//          wiped by libargon2, given back to the kernel at once, kept out of dumps and never locked
//          (it is too large; swapped pages of it are a residual risk, see FORMAT.md).
// Errors:  vault_damaged: parameters no nacre writes; resource_exhausted: more memory than this
//          machine may spend, or than it has.
// Threads: stateless; derive starts `lanes` threads and joins them.
// Format:  vault/FORMAT.md, section 2.
#pragma once

#include <cstdint>
#include <span>

#include "api/base/result.h"
#include "sandbox/secret.h"

namespace nacre::vault {

inline constexpr std::size_t kSaltSize = 32;

struct KdfParameters {
    std::uint32_t memory_kib = 0;
    std::uint32_t passes = 0;
    std::uint32_t lanes = 0;
    bool operator==(const KdfParameters&) const = default;
};

// Whether kdf_limits() and half of this machine's memory allow them. Allocates nothing.
Result<void> check(const KdfParameters& parameters);

// Checks, then derives. Takes the time and the memory that `parameters` ask for.
Result<Secret<32>> derive_key(const Passphrase& passphrase,
                              std::span<const std::uint8_t, kSaltSize> salt,
                              const KdfParameters& parameters);

// Parameters that take about `target_ms` here (0: kdf_limits().target_ms): more memory first, up to
// 1 GiB, then more passes; never below the floor, however slow the machine. Runs Argon2id once or
// twice at the floor.
Result<KdfParameters> calibrate(std::uint32_t target_ms = 0);

}  // namespace nacre::vault
