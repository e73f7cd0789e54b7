// Server JSON: the bodies that Signal's chat service takes and gives.
//
// Layer:   daemon/vaultd. The only file that includes the JSON library.
// Secrets: public keys and ciphertext; the provisioning code. Never private keys.
// Errors:  bad_message for a reply that is not what the service gives.
// Threads: pure functions.
// Wire:    signal-linked-device notes A.5, A.7, C.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/base/bytes.h"
#include "api/base/result.h"

namespace nacre::vaultd {

// A public pre-key as uploaded; signature empty for one-time EC keys.
struct PublicPreKey {
    std::uint32_t id = 0;
    Bytes public_key;
    Bytes signature;
};

struct LinkBody {
    std::string provisioning_code;
    std::uint32_t registration_id = 0;
    Bytes device_name;  // serialized DeviceName
    PublicPreKey aci_signed;
    PublicPreKey aci_last_resort;
    // Absent for an account without a phone number.
    struct Pni {
        std::uint32_t registration_id = 0;
        PublicPreKey signed_key;
        PublicPreKey last_resort;
    };
    std::optional<Pni> pni;
};

Bytes write_link_body(const LinkBody& body);

struct LinkReply {
    std::string aci;
    std::string pni;  // untagged; empty without a number
    std::uint32_t device_id = 0;
};

Result<LinkReply> read_link_reply(ByteView json);

struct KeysBody {
    std::vector<PublicPreKey> one_time;
    std::vector<PublicPreKey> one_time_kyber;
    std::optional<PublicPreKey> signed_key;
    std::optional<PublicPreKey> last_resort;
};

Bytes write_keys_body(const KeysBody& body);

struct KeyCount {
    std::uint32_t one_time = 0;
    std::uint32_t one_time_kyber = 0;
};

Result<KeyCount> read_key_count(ByteView json);

struct DeviceBundle {
    std::uint32_t device_id = 0;
    std::uint32_t registration_id = 0;
    PublicPreKey signed_key;
    PublicPreKey kyber;
    std::optional<PublicPreKey> one_time;
};

struct BundleReply {
    Bytes identity_key;
    std::vector<DeviceBundle> devices;
};

Result<BundleReply> read_bundles(ByteView json);

struct OutgoingDevice {
    std::uint32_t device_id = 0;
    std::uint32_t registration_id = 0;
    std::uint32_t envelope_type = 0;
    Bytes content;
};

Bytes write_messages_body(const std::vector<OutgoingDevice>& devices, std::int64_t timestamp,
                          bool online, bool urgent);

// Body of 409 and of 410.
struct DeviceMismatch {
    std::vector<std::uint32_t> missing;
    std::vector<std::uint32_t> extra;
    std::vector<std::uint32_t> stale;
};

Result<DeviceMismatch> read_device_mismatch(ByteView json);

// {"certificate": base64}
Result<Bytes> read_certificate(ByteView json);

}  // namespace nacre::vaultd
