#include "daemon/vaultd/provisioning.h"

#include <sodium.h>

#include "daemon/vaultd/cipher.h"

namespace nacre::vaultd {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kIvBytes = 16;
constexpr std::size_t kMacBytes = 32;
constexpr std::size_t kPublicKeyBytes = 33;
constexpr std::size_t kMostBytes = 64 * 1024;

bool is_unreserved(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           c == '-' || c == '_' || c == '.' || c == '~';
}

std::string percent_encode(std::string_view text) {
    constexpr char kDigits[] = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        if (is_unreserved(c)) {
            out += c;
            continue;
        }
        const auto byte = static_cast<std::uint8_t>(c);
        out += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
    return out;
}

}  // namespace

std::string link_uri(std::string_view address, ByteView public_key) {
    return "sgnl://linkdevice?uuid=" + percent_encode(address) +
           "&pub_key=" + percent_encode(to_base64(public_key)) + "&capabilities=";
}

Result<ProvisionEnvelope> parse_provision_envelope(ByteView bytes) {
    wire::ProvisionEnvelope parsed;
    if (bytes.size() > kMostBytes ||
        !parsed.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
        return Error{ErrorCode::bad_message, "provision envelope"};
    if (parsed.public_key().size() != kPublicKeyBytes)
        return Error{ErrorCode::bad_message, "provision envelope public key"};
    return ProvisionEnvelope{to_bytes(parsed.public_key()), to_bytes(parsed.body())};
}

Result<wire::ProvisionMessage> open_provision_body(ByteView body, ByteView shared) {
    if (body.empty()) return Error{ErrorCode::bad_message, "provision body is empty"};
    if (body[0] != kVersion) return Error{ErrorCode::unsupported, "provision body version"};
    if (body.size() < 1 + kIvBytes + kMacBytes)
        return Error{ErrorCode::bad_message, "provision body length"};

    std::array<std::uint8_t, 64> keys;
    NACRE_TRY(hkdf_sha256(shared, "TextSecure Provisioning Message", keys));
    const ByteView cipher_key{keys.data(), 32};
    const ByteView mac_key{keys.data() + 32, 32};
    const ByteView covered = body.first(body.size() - kMacBytes);
    if (!equal_mac(hmac_sha256(mac_key, covered), body.last(kMacBytes))) {
        sodium_memzero(keys.data(), keys.size());
        return Error{ErrorCode::bad_message, "provision body MAC"};
    }
    auto plaintext =
        decrypt_cbc(cipher_key, covered.subspan(1, kIvBytes), covered.subspan(1 + kIvBytes));
    sodium_memzero(keys.data(), keys.size());
    if (!plaintext) return plaintext.error();

    wire::ProvisionMessage message;
    const bool parsed =
        message.ParseFromArray(plaintext->data(), static_cast<int>(plaintext->size()));
    sodium_memzero(plaintext->data(), plaintext->size());
    if (!parsed) return Error{ErrorCode::bad_message, "provision message"};
    return message;
}

}  // namespace nacre::vaultd
