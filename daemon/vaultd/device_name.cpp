#include "daemon/vaultd/device_name.h"

#include "daemon/vaultd/cipher.h"
#include "signal/signal.pb.h"

namespace nacre::vaultd {

Result<Bytes> seal_device_name(std::string_view name, ByteView ephemeral_public, ByteView agreement) {
    const Digest auth_key = hmac_sha256(agreement, as_bytes("auth"));
    const Digest auth = hmac_sha256(auth_key, as_bytes(name));
    const ByteView synthetic_iv{auth.data(), 16};
    const Digest cipher_base = hmac_sha256(agreement, as_bytes("cipher"));
    const Digest cipher_key = hmac_sha256(cipher_base, synthetic_iv);
    const Bytes ciphertext = NACRE_TRY(apply_ctr(cipher_key, as_bytes(name)));

    wire::DeviceName record;
    record.set_ephemeral_public(ephemeral_public.data(), ephemeral_public.size());
    record.set_synthetic_iv(synthetic_iv.data(), synthetic_iv.size());
    record.set_ciphertext(ciphertext.data(), ciphertext.size());
    return to_bytes(record.SerializeAsString());
}

}  // namespace nacre::vaultd
