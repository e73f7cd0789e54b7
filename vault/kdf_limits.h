// KdfLimits: how cheap and how dear a passphrase may be made to try.
//
// Layer:   vault. Two implementations, of which an executable links one: kdf_limits.cpp in the
//          product, kdf_limits_test.cpp in test binaries, whose vaults must not cost a second and
//          256 MiB each. It is no setting: nothing outside of the build can lower the product's.
// Threads: constants.
#pragma once

#include <cstdint>

namespace nacre::vault {

struct KdfLimits {
    std::uint32_t floor_kib;    // less in a header is taken for damage, or for an attack
    std::uint32_t ceiling_kib;  // more than any nacre writes
    std::uint32_t min_passes;
    std::uint32_t max_passes;
    std::uint32_t max_lanes;
    std::uint32_t target_ms;  // what calibrate() aims at unless told
    // What opening takes at least after Argon2id: room for a duress to destroy what it has to, so
    // that the time of the answer does not tell.
    std::uint32_t least_opening_ms;
};

const KdfLimits& kdf_limits();

}  // namespace nacre::vault
