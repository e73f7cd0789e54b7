#include "daemon/vaultd/server_json.h"

#include <nlohmann/json.hpp>

namespace nacre::vaultd {
namespace {

using nlohmann::json;

// Far above what the service gives: an account has six devices.
constexpr std::size_t kMostDevices = 64;
constexpr std::uint32_t kMostDeviceId = 127;

json write_key(const PublicPreKey& key) {
    json out{{"keyId", key.id}, {"publicKey", to_base64(key.public_key)}};
    if (!key.signature.empty()) out["signature"] = to_base64(key.signature);
    return out;
}

json write_keys(const std::vector<PublicPreKey>& keys) {
    json out = json::array();
    for (const PublicPreKey& key : keys) out.push_back(write_key(key));
    return out;
}

Bytes serialize(const json& value) { return to_bytes(value.dump()); }

// Runs `read` on the parsed reply; every way in which the JSON can be wrong becomes bad_message.
template <class Read>
auto read_reply(ByteView text, Literal where, Read read) -> Result<decltype(read(json{}))> {
    try {
        return read(json::parse(text.begin(), text.end()));
    } catch (const json::exception&) {
        return Error{ErrorCode::bad_message, where};
    } catch (const std::out_of_range&) {
        return Error{ErrorCode::bad_message, where};
    }
}

Bytes read_base64(const json& value) {
    Bytes out;
    if (!from_base64(value.get_ref<const std::string&>(), out)) throw std::out_of_range{"base64"};
    return out;
}

PublicPreKey read_key(const json& value, bool is_signed) {
    PublicPreKey key{value.at("keyId").get<std::uint32_t>(), read_base64(value.at("publicKey")), {}};
    if (is_signed) key.signature = read_base64(value.at("signature"));
    return key;
}

std::uint32_t read_device_id(const json& value) {
    const auto id = value.get<std::uint32_t>();
    if (id == 0 || id > kMostDeviceId) throw std::out_of_range{"device id"};
    return id;
}

std::vector<std::uint32_t> read_device_ids(const json& reply, const char* name) {
    std::vector<std::uint32_t> out;
    const auto found = reply.find(name);
    if (found == reply.end()) return out;
    for (const json& id : *found) {
        if (out.size() == kMostDevices) throw std::out_of_range{name};
        out.push_back(read_device_id(id));
    }
    return out;
}

}  // namespace

Bytes write_link_body(const LinkBody& body) {
    json attributes{{"fetchesMessages", true},
                    {"registrationId", body.registration_id},
                    {"name", to_base64(body.device_name)},
                    {"capabilities",
                     {{"attachmentBackfill", true},
                      {"spqr", true},
                      {"usernameChangeSyncMessage", true},
                      {"optionalPhoneNumber", true}}}};
    json out{{"verificationCode", body.provisioning_code},
             {"aciSignedPreKey", write_key(body.aci_signed)},
             {"aciPqLastResortPreKey", write_key(body.aci_last_resort)}};
    if (body.pni) {
        attributes["pniRegistrationId"] = body.pni->registration_id;
        out["pniSignedPreKey"] = write_key(body.pni->signed_key);
        out["pniPqLastResortPreKey"] = write_key(body.pni->last_resort);
    }
    out["accountAttributes"] = std::move(attributes);
    return serialize(out);
}

Result<LinkReply> read_link_reply(ByteView text) {
    return read_reply(text, "link reply", [](const json& reply) {
        LinkReply out{reply.at("uuid").get<std::string>(), {}, read_device_id(reply.at("deviceId"))};
        const auto pni = reply.find("pni");
        if (pni != reply.end() && pni->is_string()) out.pni = pni->get<std::string>();
        return out;
    });
}

Bytes write_keys_body(const KeysBody& body) {
    json out{{"preKeys", write_keys(body.one_time)}, {"pqPreKeys", write_keys(body.one_time_kyber)}};
    if (body.signed_key) out["signedPreKey"] = write_key(*body.signed_key);
    if (body.last_resort) out["pqLastResortPreKey"] = write_key(*body.last_resort);
    return serialize(out);
}

Result<KeyCount> read_key_count(ByteView text) {
    return read_reply(text, "key count", [](const json& reply) {
        return KeyCount{reply.at("count").get<std::uint32_t>(), reply.at("pqCount").get<std::uint32_t>()};
    });
}

Result<BundleReply> read_bundles(ByteView text) {
    return read_reply(text, "pre-key bundles", [](const json& reply) {
        BundleReply out{read_base64(reply.at("identityKey")), {}};
        for (const json& device : reply.at("devices")) {
            if (out.devices.size() == kMostDevices) throw std::out_of_range{"devices"};
            DeviceBundle bundle{read_device_id(device.at("deviceId")),
                                device.at("registrationId").get<std::uint32_t>(),
                                read_key(device.at("signedPreKey"), true),
                                read_key(device.at("pqPreKey"), true), std::nullopt};
            const auto one_time = device.find("preKey");
            if (one_time != device.end() && one_time->is_object())
                bundle.one_time = read_key(*one_time, false);
            out.devices.push_back(std::move(bundle));
        }
        return out;
    });
}

Bytes write_messages_body(const std::vector<OutgoingDevice>& devices, std::int64_t timestamp,
                          bool online, bool urgent) {
    json messages = json::array();
    for (const OutgoingDevice& device : devices)
        messages.push_back({{"type", device.envelope_type},
                            {"destinationDeviceId", device.device_id},
                            {"destinationRegistrationId", device.registration_id},
                            {"content", to_base64(device.content)}});
    return serialize({{"messages", std::move(messages)},
                      {"timestamp", timestamp},
                      {"online", online},
                      {"urgent", urgent}});
}

Result<DeviceMismatch> read_device_mismatch(ByteView text) {
    return read_reply(text, "device mismatch", [](const json& reply) {
        return DeviceMismatch{read_device_ids(reply, "missingDevices"),
                              read_device_ids(reply, "extraDevices"),
                              read_device_ids(reply, "staleDevices")};
    });
}

Result<Bytes> read_certificate(ByteView text) {
    return read_reply(text, "sender certificate",
                      [](const json& reply) { return read_base64(reply.at("certificate")); });
}

}  // namespace nacre::vaultd
