// Provisioning: what the primary tells a new device, and the URI by which it finds the device.
//
// Layer:   daemon/vaultd.
// Secrets: takes the shared secret of the key agreement; gives the account's keys.
// Errors:  bad_message (MAC, padding, structure), unsupported (version), internal.
// Threads: pure functions.
// Wire:    ProvisionEnvelope.body = version 1 ‖ IV 16 ‖ AES-256-CBC ciphertext ‖ HMAC-SHA256 32
//          over all before it; keys = HKDF(shared, "TextSecure Provisioning Message", 64):
//          AES key 32 ‖ MAC key 32. Source: signal-linked-device notes A.2, A.3, agreeing with
//          Signal's mock server.
#pragma once

#include <string>

#include "api/base/bytes.h"
#include "api/base/result.h"
#include "signal/signal.pb.h"

namespace nacre::vaultd {

// sgnl://linkdevice?uuid=…&pub_key=…&capabilities= with both values percent-encoded; `public_key`
// is the 33-byte serialized key.
std::string link_uri(std::string_view address, ByteView public_key);

struct ProvisionEnvelope {
    Bytes public_key;  // 33 bytes, the primary's ephemeral one
    Bytes body;
};

Result<ProvisionEnvelope> parse_provision_envelope(ByteView bytes);

// Checks version and MAC, decrypts, and parses. `shared` is the agreement of our private key with
// the envelope's public key.
Result<wire::ProvisionMessage> open_provision_body(ByteView body, ByteView shared);

}  // namespace nacre::vaultd
