#include "daemon/vaultd/padding.h"

namespace nacre::vaultd {
namespace {

constexpr std::size_t kBlockBytes = 80;
constexpr std::uint8_t kMark = 0x80;

}  // namespace

Bytes pad(ByteView content) {
    Bytes out((content.size() / kBlockBytes + 1) * kBlockBytes);
    std::copy(content.begin(), content.end(), out.begin());
    out[content.size()] = kMark;
    return out;
}

Result<ByteView> unpad(ByteView padded) {
    std::size_t end = padded.size();
    while (end > 0 && padded[end - 1] == 0) --end;
    if (end == 0 || padded[end - 1] != kMark) return Error{ErrorCode::bad_message, "padding"};
    return padded.first(end - 1);
}

}  // namespace nacre::vaultd
