// Keys: key pairs, pre-keys, derivations and safety numbers, all done by libsignal.
//
// Layer:   daemon/libsignal.
// Secrets: private keys travel as PrivateKey. Serialized pre-key records contain private keys and
//          travel as Bytes: they go into the vault, and nowhere else.
// Errors:  bad_message for keys and signatures that do not parse; Error.name is libsignal's.
// Threads: the Host's owner thread, for every function with a Host&.
// Format:  public keys are libsignal's serialized form: 0x05 and 32 bytes (Curve25519), 0x08 and
//          1568 bytes (Kyber-1024). Signatures are 64 bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "api/base/bytes.h"
#include "api/base/result.h"
#include "daemon/libsignal/host.h"
#include "daemon/libsignal/key32.h"
#include "daemon/libsignal/service_id.h"

namespace nacre::signal {

struct KeyPair {
    Bytes public_key;
    PrivateKey private_key;
};

Result<KeyPair> generate_key_pair(Host& host);

// Costs one multiplication (about 25 us).
Result<Bytes> public_key(Host& host, const PrivateKey& private_key);

// XEdDSA, randomised.
Result<Bytes> sign(Host& host, const PrivateKey& private_key, ByteView message);

// False on a wrong signature, and on one of a wrong length; an error only if the key is none.
Result<bool> verify(Host& host, ByteView public_key, ByteView message, ByteView signature);

// X25519.
Result<Key32> agree(Host& host, const PrivateKey& ours, ByteView theirs);

// A pre-key to upload, and what the vault keeps of it.
struct PreKey {
    std::uint32_t id = 0;
    Bytes public_key;
    Bytes signature;  // empty for a one-time EC pre-key, which has none
    Bytes record;     // with the private key
};

// Each makes a fresh key pair. `timestamp_ms` goes into the record: when it was made.
Result<PreKey> make_pre_key(Host& host, std::uint32_t id);
Result<PreKey> make_signed_pre_key(Host& host, std::uint32_t id, const PrivateKey& identity,
                                   std::int64_t timestamp_ms);
Result<PreKey> make_kyber_pre_key(Host& host, std::uint32_t id, const PrivateKey& identity,
                                  std::int64_t timestamp_ms);

// 1 … 0x3FFF, uniformly, from the kernel's random source. Needs no Host.
Result<std::uint32_t> generate_registration_id();

// The 16 bytes that allow sending to somebody sealed. invalid_argument unless 32 bytes come in.
Result<Bytes> derive_access_key(Host& host, ByteView profile_key);

// HKDF-SHA-256; an empty salt means none (32 zero bytes). At most 8160 bytes.
Result<Bytes> hkdf_sha256(Host& host, ByteView input, ByteView salt, ByteView info,
                          std::size_t length);

// Of the account entropy pool (64 characters): the master key, formerly the SVR key.
// invalid_argument for a text that is no pool.
Result<Key32> derive_master_key(Host& host, std::string_view account_entropy_pool);

// Safety number of two identities: 60 digits, the same on both sides. Deliberately slow (about
// 10 ms: 2 x 5200 rounds of SHA-512).
Result<std::string> safety_number(Host& host, const ServiceId& ours, ByteView our_key,
                                  const ServiceId& theirs, ByteView their_key);

}  // namespace nacre::signal
