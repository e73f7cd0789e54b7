#include "tests/daemon/vaultd/seal.h"

#include <openssl/evp.h>

#include <cstdlib>

#include "daemon/vaultd/cipher.h"

namespace nacre::tests {

Bytes encrypt_cbc(ByteView key, ByteView iv, ByteView plaintext) {
    EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
    Bytes out(plaintext.size() + 16);
    int written = 0;
    int last = 0;
    if (EVP_EncryptInit_ex(context, EVP_aes_256_cbc(), nullptr, key.data(), iv.data()) != 1 ||
        EVP_EncryptUpdate(context, out.data(), &written, plaintext.data(),
                          static_cast<int>(plaintext.size())) != 1 ||
        EVP_EncryptFinal_ex(context, out.data() + written, &last) != 1)
        std::abort();
    EVP_CIPHER_CTX_free(context);
    out.resize(static_cast<std::size_t>(written + last));
    return out;
}

namespace {

void append(Bytes& out, ByteView more) { out.insert(out.end(), more.begin(), more.end()); }

}  // namespace

Bytes seal_provision_body(std::uint8_t version, ByteView shared, std::string_view message) {
    std::array<std::uint8_t, 64> keys;
    if (!vaultd::hkdf_sha256(shared, "TextSecure Provisioning Message", keys)) std::abort();
    const Bytes iv(16, 0x07);
    Bytes out{version};
    append(out, iv);
    append(out, encrypt_cbc(ByteView{keys}.first(32), iv, as_bytes(message)));
    append(out, vaultd::hmac_sha256(ByteView{keys}.last(32), out));
    return out;
}

Bytes seal_attachment(ByteView key, ByteView plaintext) {
    const Bytes iv(16, 0x09);
    Bytes out = iv;
    append(out, encrypt_cbc(key.first(32), iv, plaintext));
    append(out, vaultd::hmac_sha256(key.last(32), out));
    return out;
}

}  // namespace nacre::tests
