#include "daemon/vaultd/cipher.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <sodium.h>

#include <memory>

namespace nacre::vaultd {
namespace {

using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kBlockBytes = 16;

}  // namespace

Digest sha256(ByteView data) {
    Digest digest;
    crypto_hash_sha256(digest.data(), data.data(), data.size());
    return digest;
}

Digest hmac_sha256(ByteView key, ByteView data) {
    Digest digest;
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, key.data(), key.size());
    crypto_auth_hmacsha256_update(&state, data.data(), data.size());
    crypto_auth_hmacsha256_final(&state, digest.data());
    sodium_memzero(&state, sizeof state);
    return digest;
}

Result<void> hkdf_sha256(ByteView input, std::string_view info, std::span<std::uint8_t> out) {
    const std::unique_ptr<EVP_KDF, decltype(&EVP_KDF_free)> kdf{
        EVP_KDF_fetch(nullptr, "HKDF", nullptr), &EVP_KDF_free};
    const std::unique_ptr<EVP_KDF_CTX, decltype(&EVP_KDF_CTX_free)> context{
        EVP_KDF_CTX_new(kdf.get()), &EVP_KDF_CTX_free};
    char digest[] = "SHA256";
    // OpenSSL's parameters are not const; it does not write to them.
    auto* key = const_cast<std::uint8_t*>(input.data());
    auto* label = const_cast<char*>(info.data());
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, key, input.size()),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, label, info.size()),
        OSSL_PARAM_construct_end()};
    if (!context || EVP_KDF_derive(context.get(), out.data(), out.size(), parameters) != 1)
        return Error{ErrorCode::internal, "hkdf_sha256"};
    return {};
}

Result<Bytes> decrypt_cbc(ByteView key, ByteView iv, ByteView ciphertext) {
    if (key.size() != kKeyBytes || iv.size() != kBlockBytes)
        return Error{ErrorCode::internal, "decrypt_cbc"};
    if (ciphertext.empty() || ciphertext.size() % kBlockBytes != 0)
        return Error{ErrorCode::bad_message, "decrypt_cbc length"};
    const CipherContext context{EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free};
    Bytes out(ciphertext.size() + kBlockBytes);
    int written = 0;
    int last = 0;
    if (!context ||
        EVP_DecryptInit_ex(context.get(), EVP_aes_256_cbc(), nullptr, key.data(), iv.data()) != 1 ||
        EVP_DecryptUpdate(context.get(), out.data(), &written, ciphertext.data(),
                          static_cast<int>(ciphertext.size())) != 1)
        return Error{ErrorCode::internal, "decrypt_cbc"};
    if (EVP_DecryptFinal_ex(context.get(), out.data() + written, &last) != 1)
        return Error{ErrorCode::bad_message, "decrypt_cbc padding"};
    out.resize(static_cast<std::size_t>(written) + static_cast<std::size_t>(last));
    return out;
}

Result<Bytes> apply_ctr(ByteView key, ByteView data) {
    if (key.size() != kKeyBytes) return Error{ErrorCode::internal, "apply_ctr"};
    const CipherContext context{EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free};
    const std::array<std::uint8_t, kBlockBytes> counter{};
    Bytes out(data.size());
    int written = 0;
    if (!context ||
        EVP_EncryptInit_ex(context.get(), EVP_aes_256_ctr(), nullptr, key.data(), counter.data()) !=
            1 ||
        EVP_EncryptUpdate(context.get(), out.data(), &written, data.data(),
                          static_cast<int>(data.size())) != 1)
        return Error{ErrorCode::internal, "apply_ctr"};
    return out;
}

bool equal_mac(ByteView a, ByteView b) {
    return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace nacre::vaultd
