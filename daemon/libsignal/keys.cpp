#include "daemon/libsignal/keys.h"

#include <sys/random.h>

#include <cerrno>

#include "daemon/libsignal/call.h"

namespace nacre::signal {
namespace {

using PrivateHandle = Typed<native::PrivateKey>;
using PublicHandle = Typed<native::PublicKey>;

// What Signal's own clients use for safety numbers of service ids.
constexpr double kSafetyNumberIterations = 5200;
constexpr double kSafetyNumberVersion = 2;
constexpr std::size_t kMostHkdfBytes = 255 * 32;

Result<PrivateHandle> load(Host& host, const PrivateKey& key) {
    return call(host, native::PrivateKey_Deserialize, key.view());
}

Result<PublicHandle> load_public(Host& host, ByteView key) {
    return call(host, native::PublicKey_Deserialize, key);
}

// Takes the octets into a Key32, and wipes where they came in.
Result<Key32> secret_from(Result<Bytes> result) {
    Bytes bytes = NACRE_TRY(std::move(result));
    auto key = key32_from(bytes);
    explicit_bzero(bytes.data(), bytes.size());
    return key;
}

Result<Bytes> serialized_public(Host& host, const PrivateHandle& key) {
    const auto handle = NACRE_TRY(call(host, native::PrivateKey_GetPublicKey, key));
    return call(host, native::PublicKey_Serialize, handle);
}

}  // namespace

Result<KeyPair> generate_key_pair(Host& host) {
    const auto key = NACRE_TRY(call(host, native::PrivateKey_Generate));
    auto public_bytes = NACRE_TRY(serialized_public(host, key));
    auto octets = NACRE_TRY(secret_from(call(host, native::PrivateKey_Serialize, key)));
    return KeyPair{std::move(public_bytes), std::move(octets)};
}

Result<Bytes> public_key(Host& host, const PrivateKey& private_key) {
    const auto key = NACRE_TRY(load(host, private_key));
    return serialized_public(host, key);
}

Result<Bytes> sign(Host& host, const PrivateKey& private_key, ByteView message) {
    const auto key = NACRE_TRY(load(host, private_key));
    return call(host, native::PrivateKey_Sign, key, message);
}

Result<bool> verify(Host& host, ByteView public_key, ByteView message, ByteView signature) {
    const auto key = NACRE_TRY(load_public(host, public_key));
    return call(host, native::PublicKey_Verify, key, message, signature);
}

Result<Key32> agree(Host& host, const PrivateKey& ours, ByteView theirs) {
    const auto our_key = NACRE_TRY(load(host, ours));
    const auto their_key = NACRE_TRY(load_public(host, theirs));
    return secret_from(call(host, native::PrivateKey_Agree, our_key, their_key));
}

Result<PreKey> make_pre_key(Host& host, std::uint32_t id) {
    const auto key = NACRE_TRY(call(host, native::PrivateKey_Generate));
    const auto handle = NACRE_TRY(call(host, native::PrivateKey_GetPublicKey, key));
    const auto record = NACRE_TRY(call(host, native::PreKeyRecord_New, id, handle, key));
    auto bytes = NACRE_TRY(call(host, native::PublicKey_Serialize, handle));
    auto kept = NACRE_TRY(call(host, native::PreKeyRecord_Serialize, record));
    return PreKey{id, std::move(bytes), {}, std::move(kept)};
}

Result<PreKey> make_signed_pre_key(Host& host, std::uint32_t id, const PrivateKey& identity,
                                   std::int64_t timestamp_ms) {
    const auto key = NACRE_TRY(call(host, native::PrivateKey_Generate));
    const auto handle = NACRE_TRY(call(host, native::PrivateKey_GetPublicKey, key));
    auto bytes = NACRE_TRY(call(host, native::PublicKey_Serialize, handle));
    auto signature = NACRE_TRY(sign(host, identity, bytes));
    const auto record = NACRE_TRY(
        call(host, native::SignedPreKeyRecord_New, id, timestamp_ms, handle, key, signature));
    auto kept = NACRE_TRY(call(host, native::SignedPreKeyRecord_Serialize, record));
    return PreKey{id, std::move(bytes), std::move(signature), std::move(kept)};
}

Result<PreKey> make_kyber_pre_key(Host& host, std::uint32_t id, const PrivateKey& identity,
                                  std::int64_t timestamp_ms) {
    const auto pair = NACRE_TRY(call(host, native::KyberKeyPair_Generate));
    const auto handle = NACRE_TRY(call(host, native::KyberKeyPair_GetPublicKey, pair));
    auto bytes = NACRE_TRY(call(host, native::KyberPublicKey_Serialize, handle));
    auto signature = NACRE_TRY(sign(host, identity, bytes));
    const auto record = NACRE_TRY(
        call(host, native::KyberPreKeyRecord_New, id, timestamp_ms, pair, signature));
    auto kept = NACRE_TRY(call(host, native::KyberPreKeyRecord_Serialize, record));
    return PreKey{id, std::move(bytes), std::move(signature), std::move(kept)};
}

Result<std::uint32_t> generate_registration_id() {
    constexpr std::uint16_t kMask = 0x3FFF;
    std::uint16_t id = 0;
    while (id == 0) {
        if (::getrandom(&id, sizeof id, 0) != sizeof id) {
            return os_error("generate registration id", errno);
        }
        id &= kMask;
    }
    return std::uint32_t{id};
}

Result<Bytes> derive_access_key(Host& host, ByteView profile_key) {
    if (profile_key.size() != 32) {
        return Error{ErrorCode::invalid_argument, "profile key of 32 bytes"};
    }
    return call(host, native::ProfileKey_DeriveAccessKey, profile_key);
}

Result<Bytes> hkdf_sha256(Host& host, ByteView input, ByteView salt, ByteView info,
                          std::size_t length) {
    if (length == 0 || length > kMostHkdfBytes) {
        return Error{ErrorCode::invalid_argument, "length of HKDF"};
    }
    // libsignal takes an empty salt for none, as HKDF does.
    return call(host, native::HKDF_DeriveSecrets, length, input, std::optional{info},
                std::optional{salt});
}

Result<Key32> derive_master_key(Host& host, std::string_view account_entropy_pool) {
    if (!NACRE_TRY(call(host, native::AccountEntropyPool_IsValid, account_entropy_pool))) {
        return Error{ErrorCode::invalid_argument, "account entropy pool"};
    }
    return secret_from(call(host, native::AccountEntropyPool_DeriveSvrKey, account_entropy_pool));
}

Result<std::string> safety_number(Host& host, const ServiceId& ours, ByteView our_key,
                                  const ServiceId& theirs, ByteView their_key) {
    const auto our_handle = NACRE_TRY(load_public(host, our_key));
    const auto their_handle = NACRE_TRY(load_public(host, their_key));
    const auto fingerprint = NACRE_TRY(
        call(host, native::Fingerprint_New, kSafetyNumberIterations, kSafetyNumberVersion,
             ours.to_binary(), our_handle, theirs.to_binary(), their_handle));
    return call(host, native::Fingerprint_DisplayString, fingerprint);
}

}  // namespace nacre::signal
