// Session: the double ratchet between two devices, sender keys, and decryption errors.
//
// Layer:   daemon/libsignal.
// Secrets: plaintext and records travel as Bytes and are the caller's to keep.
// Errors:  an Error of a store comes back unchanged. libsignal's own by its name (error_names.h):
//          duplicate (DuplicatedMessage), untrusted_identity, bad_message for what does not parse,
//          verify or decrypt, or has no session. internal for a panic.
// Threads: the Host's owner thread. Calls are synchronous, and re-entrant from within stores.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "api/base/bytes.h"
#include "api/base/result.h"
#include "daemon/libsignal/host.h"
#include "daemon/libsignal/service_id.h"
#include "daemon/libsignal/stores.h"

namespace nacre::signal {

class Handle;  // native.h

// libsignal's numbers. (The envelope's differ: 1 whisper, 3 pre-key, 8 plaintext.)
enum class CiphertextType : std::uint8_t {
    whisper = 2,
    pre_key = 3,
    sender_key = 7,
    plaintext = 8,
};

struct Ciphertext {
    CiphertextType type;
    Bytes bytes;
    // The remote device's, for the request; 0 where encrypt() did not make this.
    std::uint32_t registration_id = 0;
    // libsignal's object, so that seal() need not parse again. Goes on the Host's owner thread.
    std::shared_ptr<const Handle> message;
};

struct SignedKey {
    std::uint32_t id = 0;
    Bytes public_key;
    Bytes signature;
};

// What the server gives out for one device.
struct PreKeyBundle {
    std::uint32_t registration_id = 0;
    Bytes identity_key;
    SignedKey signed_pre_key;
    SignedKey kyber_pre_key;
    std::optional<SignedKey> pre_key;  // one-time; has no signature, and may be used up
};

// Checks the bundle's signatures and begins a session with `remote`, whose identity is saved.
// untrusted_identity if the store does not trust it.
Result<void> process_pre_key_bundle(Host& host, Stores& stores, const Address& remote,
                                    const Address& local, const PreKeyBundle& bundle,
                                    std::int64_t now_ms);

// `plaintext` as it is: padding is the caller's.
Result<Ciphertext> encrypt(Host& host, Stores& stores, const Address& remote,
                           const Address& local, ByteView plaintext, std::int64_t now_ms);

Result<Bytes> decrypt_whisper(Host& host, Stores& stores, const Address& remote,
                              const Address& local, ByteView message);

// May begin a session: uses up a one-time pre-key, saves the identity.
Result<Bytes> decrypt_pre_key(Host& host, Stores& stores, const Address& remote,
                              const Address& local, ByteView message);

struct SessionInfo {
    bool has_usable_sender_chain = false;  // can be encrypted with now
    std::uint32_t remote_registration_id = 0;  // 0 if there is no current state
};

Result<SessionInfo> session_info(Host& host, ByteView record, std::int64_t now_ms);

// The record with its current state archived: the next message needs a new bundle, while messages
// still on their way can be read.
Result<Bytes> archive(Host& host, ByteView record);

// Whether `ratchet_key` (of a decryption error message) is the record's current one.
Result<bool> current_ratchet_key_matches(Host& host, ByteView record, ByteView ratchet_key);

// Takes in the sender key that `sender` distributed.
Result<void> process_sender_key_distribution(Host& host, Stores& stores, const Address& sender,
                                             ByteView message);

// Decrypts with a sender key. bad_message if none has been distributed.
Result<Bytes> group_decrypt(Host& host, Stores& stores, const Address& sender, ByteView message);

// Encrypts with our own sender key of a distribution, which create_sender_key_distribution made.
Result<Ciphertext> group_encrypt(Host& host, Stores& stores, const Address& local,
                                 const DistributionId& id, ByteView plaintext);

// Our sender key of a distribution, made if there is none: the message that others process.
Result<Bytes> create_sender_key_distribution(Host& host, Stores& stores, const Address& local,
                                             const DistributionId& id);

// What tells a sender that we could not read a message.
struct DecryptionError {
    std::int64_t timestamp_ms = 0;     // of the original
    std::uint32_t device_id = 0;       // that sent the original
    std::optional<Bytes> ratchet_key;  // absent for sender-key messages
};

// The serialized message for an original that could not be decrypted.
Result<Bytes> decryption_error_for_original(Host& host, ByteView original, CiphertextType type,
                                            std::int64_t timestamp_ms, std::uint32_t device_id);
Result<DecryptionError> parse_decryption_error(Host& host, ByteView message);

// Such a message as a plaintext content, ready to send or to seal.
Result<Ciphertext> plaintext_content(Host& host, ByteView decryption_error);
// The body (a Content, padding included) of a received plaintext content.
Result<Bytes> plaintext_content_body(Host& host, ByteView message);
// The serialized decryption error message in the body of a plaintext content.
Result<Bytes> extract_decryption_error(Host& host, ByteView body);

}  // namespace nacre::signal
