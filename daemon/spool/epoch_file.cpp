#include "daemon/spool/epoch_file.h"

#include <sodium.h>

#include <algorithm>

namespace nacre::spool {
namespace {

constexpr std::uint8_t kEpochVersion = 1;
constexpr std::size_t kChecked = kEpochFileBytes - 4;

std::array<std::uint8_t, 4> check(ByteView bytes) {
    Hash hash;
    crypto_generichash(hash.data(), hash.size(), bytes.data(), kChecked, nullptr, 0);
    return {hash[0], hash[1], hash[2], hash[3]};
}

}  // namespace

Bytes write_epoch(const PublicEpoch& epoch) {
    Bytes out{'N', 'S', 'P', 'E', kEpochVersion, 0, 0, 0};
    for (int i = 0; i < 8; ++i) out.push_back(static_cast<std::uint8_t>(epoch.number >> (8 * i)));
    out.insert(out.end(), epoch.key.begin(), epoch.key.end());
    const auto sum = check(out);
    out.insert(out.end(), sum.begin(), sum.end());
    return out;
}

Result<PublicEpoch> parse_epoch(ByteView bytes) {
    if (bytes.size() != kEpochFileBytes) return Error{ErrorCode::bad_message, "epoch file: length"};
    PublicEpoch epoch;
    for (int i = 7; i >= 0; --i) epoch.number = epoch.number << 8 | bytes[8 + i];
    std::copy_n(bytes.begin() + 16, epoch.key.size(), epoch.key.begin());
    if (!equal(write_epoch(epoch), bytes)) return Error{ErrorCode::bad_message, "epoch file"};
    return epoch;
}

}  // namespace nacre::spool
