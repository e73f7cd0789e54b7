#include "vault/kdf_limits.h"

namespace nacre::vault {

const KdfLimits& kdf_limits() {
    static constexpr KdfLimits kProduct{
        .floor_kib = 256 * 1024,
        .ceiling_kib = 4 * 1024 * 1024,
        .min_passes = 2,
        .max_passes = 64,
        .max_lanes = 16,
        .target_ms = 1000,
        .least_opening_ms = 250,
    };
    return kProduct;
}

}  // namespace nacre::vault
