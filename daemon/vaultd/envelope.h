// Envelope: from what the server delivered to a decrypted Content and who sent it.
//
// Layer:   daemon/vaultd.
// Secrets: gives plaintext.
// Errors:  bad_message (does not parse, verify, decrypt, or breaks a rule of B.4), duplicate,
//          rejected (meant to be dropped: our own device, sealed to the PNI), the vault's.
// Threads: the engine's, inside a savepoint that is undone when this fails.
// Wire:    signal-linked-device notes B.3, B.4.
#pragma once

#include <vector>

#include "daemon/libsignal/sealed.h"
#include "daemon/vaultd/engine_state.h"
#include "signal/signal.pb.h"

namespace nacre::vaultd {

struct Decrypted {
    signal::Address sender;
    bool sealed = false;
    bool to_pni = false;
    // A pre-key message used up one of our keys.
    bool used_pre_key = false;
    std::int64_t client_ms = 0;
    std::int64_t server_ms = 0;
    // Serialized Content; empty with `receipt_only`.
    Bytes content;
    // SERVER_DELIVERY_RECEIPT: the server says that `sender` got our message of client_ms.
    bool receipt_only = false;
    // PLAINTEXT_CONTENT: may hold nothing but a decryption error.
    bool plaintext = false;
};

// Judges sender certificates; remembers the last ones, so that the same bytes are not verified for
// every message. The expiry is checked each time.
class CertificateJudge {
public:
    // The certificate's content if it is valid at `at_ms`, else bad_message.
    Result<signal::SenderCertificate> judge(signal::Host& host, ByteView certificate,
                                            const std::vector<Bytes>& trust_roots, std::int64_t at_ms);

private:
    struct Known {
        Bytes bytes;
        std::vector<Bytes> trust_roots;
        signal::SenderCertificate certificate;
    };
    static constexpr std::size_t kMostKnown = 64;
    std::vector<Known> known_;
    std::size_t next_ = 0;
};

Result<wire::Envelope> parse_envelope(ByteView bytes);

// What tells an envelope from others, whatever the server writes around the content when it delivers
// it again. Without content, or with content that is not encrypted and that others may send alike, all
// of it counts.
ByteView distinct_part(const wire::Envelope& envelope, ByteView bytes);

Result<Decrypted> decrypt_envelope(EngineState& state, CertificateJudge& judge,
                                   const wire::Envelope& envelope);

}  // namespace nacre::vaultd
