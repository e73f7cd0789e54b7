// Linked into test binaries only; see kdf_limits.h.
#include "vault/kdf_limits.h"

namespace nacre::vault {

const KdfLimits& kdf_limits() {
    static constexpr KdfLimits kTest{
        .floor_kib = 8 * 1024,
        .ceiling_kib = 64 * 1024,
        .min_passes = 1,
        .max_passes = 64,
        .max_lanes = 16,
        .target_ms = 5,
        .least_opening_ms = 0,
    };
    return kTest;
}

}  // namespace nacre::vault
