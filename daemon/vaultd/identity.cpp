#include "daemon/vaultd/identity.h"

namespace nacre::vaultd {
namespace {

constexpr std::size_t kPublicBytes = 33;
constexpr std::size_t kPrivateBytes = 32;

}  // namespace

Bytes write_identity(const signal::KeyPair& pair) {
    Bytes out = pair.public_key;
    const ByteView secret = pair.private_key.view();
    out.insert(out.end(), secret.begin(), secret.end());
    return out;
}

Result<signal::KeyPair> read_identity(ByteView bytes) {
    if (bytes.size() != kPublicBytes + kPrivateBytes)
        return Error{ErrorCode::vault_damaged, "identity key pair"};
    auto secret = NACRE_TRY(signal::PrivateKey::from(bytes.subspan<kPublicBytes, kPrivateBytes>()));
    return signal::KeyPair{to_bytes(bytes.first(kPublicBytes)), std::move(secret)};
}

}  // namespace nacre::vaultd
