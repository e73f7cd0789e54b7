#include "daemon/vaultd/attachment.h"

#include "daemon/vaultd/cipher.h"

namespace nacre::vaultd {
namespace {

constexpr std::size_t kIvBytes = 16;
constexpr std::size_t kMacBytes = 32;
constexpr std::size_t kKeyBytes = 64;

}  // namespace

Result<Bytes> open_attachment(ByteView blob, ByteView key, ByteView digest, std::size_t size) {
    if (key.size() != kKeyBytes) return Error{ErrorCode::bad_message, "attachment key"};
    if (blob.size() < kIvBytes + kMacBytes) return Error{ErrorCode::bad_message, "attachment length"};
    if (!equal_mac(sha256(blob), digest)) return Error{ErrorCode::bad_message, "attachment digest"};
    const ByteView covered = blob.first(blob.size() - kMacBytes);
    if (!equal_mac(hmac_sha256(key.subspan(32), covered), blob.last(kMacBytes)))
        return Error{ErrorCode::bad_message, "attachment MAC"};
    Bytes plaintext = NACRE_TRY(
        decrypt_cbc(key.first(32), covered.first(kIvBytes), covered.subspan(kIvBytes)));
    if (plaintext.size() < size) return Error{ErrorCode::bad_message, "attachment size"};
    plaintext.resize(size);
    return plaintext;
}

}  // namespace nacre::vaultd
