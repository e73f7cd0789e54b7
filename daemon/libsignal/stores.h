// Stores: what libsignal reads and writes while it encrypts and decrypts, as plain bytes.
//
// Layer:   daemon/libsignal. vaultd implements it over the vault, one object per own identity
//          (ACI and PNI); tests/support/memory_stores.h over maps.
// Secrets: records hold session and private keys.
// Errors:  whatever a method returns comes back unchanged out of the operation that called it.
// Threads: called on the Host's owner thread, within the call of session.h or sealed.h, never
//          later. Writes happen in the middle of an operation: put one transaction (or
//          savepoint) around each operation, and roll it back when the operation fails. Do not
//          call the very operation again from inside.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "api/base/bytes.h"
#include "api/base/result.h"
#include "daemon/libsignal/keys.h"
#include "daemon/libsignal/service_id.h"

namespace nacre::signal {

enum class Direction : std::uint8_t { sending = 0, receiving = 1 };
enum class IdentityChange : std::uint8_t { new_or_unchanged = 0, replaced = 1 };
using DistributionId = std::array<std::uint8_t, 16>;

class Stores {
public:
    virtual ~Stores() = default;

    // "None there" is an empty optional, not an error.
    virtual Result<std::optional<Bytes>> load_session(const Address& remote) = 0;
    virtual Result<void> store_session(const Address& remote, ByteView record) = 0;

    // Borrowed: must stay where it is until the operation returns.
    virtual Result<const KeyPair*> identity_key_pair() = 0;
    virtual Result<std::uint32_t> registration_id() = 0;

    virtual Result<std::optional<Bytes>> load_identity(const Address& remote) = 0;
    virtual Result<IdentityChange> save_identity(const Address& remote, ByteView public_key) = 0;
    // False makes the operation fail with untrusted_identity.
    virtual Result<bool> is_trusted(const Address& remote, ByteView public_key,
                                    Direction direction) = 0;

    virtual Result<std::optional<Bytes>> load_pre_key(std::uint32_t id) = 0;
    virtual Result<void> remove_pre_key(std::uint32_t id) = 0;
    virtual Result<std::optional<Bytes>> load_signed_pre_key(std::uint32_t id) = 0;
    virtual Result<std::optional<Bytes>> load_kyber_pre_key(std::uint32_t id) = 0;

    // Called when a Kyber pre-key has been used, together with EC pre-key `ec_id` (the signed one)
    // and the sender's base key. One-time: remove it. Last resort: keep it, remember the three, and
    // fail with bad_message if the same three come a second time (a replay).
    virtual Result<void> mark_kyber_used(std::uint32_t id, std::uint32_t ec_id,
                                         ByteView base_key) = 0;

    virtual Result<std::optional<Bytes>> load_sender_key(const Address& sender,
                                                         const DistributionId& id) = 0;
    virtual Result<void> store_sender_key(const Address& sender, const DistributionId& id,
                                          ByteView record) = 0;
};

}  // namespace nacre::signal
