// Sealed sender: messages whose envelope does not tell the server who sent them.
//
// Layer:   daemon/libsignal.
// Secrets: none beyond what the stores give.
// Errors:  as session.h. A certificate that does not parse is bad_message.
// Threads: the Host's owner thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "api/base/bytes.h"
#include "api/base/result.h"
#include "daemon/libsignal/host.h"
#include "daemon/libsignal/service_id.h"
#include "daemon/libsignal/session.h"
#include "daemon/libsignal/stores.h"

namespace nacre::signal {

// What the receiver may do when it cannot decrypt. Other numbers come from newer clients.
enum class ContentHint : std::uint32_t { none = 0, resendable = 1, implicit = 2 };

struct UnidentifiedContent {
    Bytes sender_certificate;  // serialized; not validated yet
    CiphertextType type;       // of `contents`
    Bytes contents;
    ContentHint hint = ContentHint::none;
    std::optional<Bytes> group_id;
};

// Opens the outer layer with our identity key (about 120 us). Says nothing about who sent it until
// the certificate is validated and the contents are decrypted with that sender's session.
Result<UnidentifiedContent> unseal(Host& host, Stores& stores, ByteView message);

struct SenderCertificate {
    Address sender;  // always an ACI
    std::optional<std::string> e164;
    std::int64_t expiration_ms = 0;
    Bytes identity_key;
};

Result<SenderCertificate> parse_sender_certificate(Host& host, ByteView certificate);

// Whether one of `trust_roots` (serialized public keys) stands behind it and it has not expired at
// `at_ms`. Costs two signature checks (about 96 us): cache by the exact bytes and roots, and check
// the expiry each time, if the same one comes often.
Result<bool> validate(Host& host, ByteView certificate, std::span<const Bytes> trust_roots,
                      std::int64_t at_ms);

// Seals `content` (of encrypt(), group_encrypt() or plaintext_content(), also without `message`,
// as the outbox keeps it) for a device whose identity the stores know.
Result<Bytes> seal(Host& host, Stores& stores, const Address& destination,
                   const Ciphertext& content, ByteView own_certificate, ContentHint hint,
                   std::optional<ByteView> group_id = std::nullopt);

}  // namespace nacre::signal
