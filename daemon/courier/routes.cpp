#include "daemon/courier/routes.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <limits>
#include <string_view>

#include "daemon/libsignal/service_id.h"

namespace nacre::courier {
namespace {

constexpr std::uint32_t kLastDevice = 127;
constexpr std::size_t kAccessKeyBytes = 16;
constexpr std::size_t kMostPassword = 256;
constexpr std::chrono::milliseconds kDefaultTimeout{30'000};
constexpr std::chrono::milliseconds kMostTimeout{120'000};

Error refused(Literal what) { return Error{ErrorCode::invalid_argument, what}; }

// As text in the one spelling: 8-4-4-4-12 lower-case digits, "PNI:" before a PNI. Nothing in it
// needs percent-encoding.
Result<std::string> service_id(const std::string& text) {
    const auto id = signal::ServiceId::parse(text);
    if (!id.ok()) return refused("route: service id");
    return id->to_text();
}

Result<std::string> identity(v1::IdentityKind kind) {
    switch (kind) {
        case v1::IDENTITY_KIND_ACI: return std::string{"aci"};
        case v1::IDENTITY_KIND_PNI: return std::string{"pni"};
        default: return refused("route: identity");
    }
}

signal::Request get(std::string path) { return {"GET", std::move(path), {}, {}}; }

Result<signal::Request> put_json(std::string path, const std::string& body) {
    if (body.empty()) return refused("route: no body");
    return signal::Request{
        "PUT", std::move(path), {{"content-type", "application/json"}}, to_bytes(body)};
}

// With an access key the request goes out without saying who we are.
Result<Routed> with_access_key(signal::Request request, const std::string& key) {
    if (key.empty()) return Routed{true, std::move(request)};
    if (key.size() != kAccessKeyBytes) return refused("route: access key");
    request.headers.emplace_back("unidentified-access-key", to_base64(as_bytes(key)));
    return Routed{false, std::move(request)};
}

Result<Routed> route_to(const v1::LinkDevice& link) {
    const auto id = signal::ServiceId::parse(link.aci());
    if (!id.ok() || id->kind != signal::ServiceId::Kind::aci) return refused("route: aci");
    if (link.password().empty() || link.password().size() > kMostPassword)
        return refused("route: password");
    signal::Request request = NACRE_TRY(put_json("/v1/devices/link", link.body()));
    request.headers.emplace_back(
        "authorization", "Basic " + to_base64(as_bytes(id->to_text() + ":" + link.password())));
    return Routed{false, std::move(request)};
}

Result<Routed> route_to(const v1::PutKeys& keys) {
    const std::string path = "/v2/keys?identity=" + NACRE_TRY(identity(keys.identity()));
    return Routed{true, NACRE_TRY(put_json(path, keys.body()))};
}

Result<Routed> route_to(const v1::GetKeyCount& count) {
    return Routed{true, get("/v2/keys?identity=" + NACRE_TRY(identity(count.identity())))};
}

Result<Routed> route_to(const v1::GetPreKeys& keys) {
    if (keys.device_id() > kLastDevice) return refused("route: device id");
    const std::string device = keys.device_id() == 0 ? "*" : std::to_string(keys.device_id());
    return with_access_key(
        get("/v2/keys/" + NACRE_TRY(service_id(keys.service_id())) + "/" + device),
        keys.access_key());
}

Result<Routed> route_to(const v1::PutMessages& messages) {
    std::string path = "/v1/messages/" + NACRE_TRY(service_id(messages.service_id()));
    if (messages.story()) path += "?story=true";
    return with_access_key(NACRE_TRY(put_json(std::move(path), messages.body())),
                           messages.access_key());
}

Result<Routed> route_to(const v1::GetSenderCertificate& certificate) {
    const char* wanted = certificate.include_e164() ? "true" : "false";
    return Routed{true, get(std::string{"/v1/certificate/delivery?includeE164="} + wanted)};
}

Result<Routed> route_to(const v1::Whoami&) { return Routed{true, whoami()}; }

Result<Routed> route_to(const v1::PutChallenge& challenge) {
    return Routed{true, NACRE_TRY(put_json("/v1/challenge", challenge.body()))};
}

Result<Routed> by_kind(const v1::ChatRequest& request) {
    switch (request.route_case()) {
        case v1::ChatRequest::kLinkDevice: return route_to(request.link_device());
        case v1::ChatRequest::kPutKeys: return route_to(request.put_keys());
        case v1::ChatRequest::kGetKeyCount: return route_to(request.get_key_count());
        case v1::ChatRequest::kGetPreKeys: return route_to(request.get_pre_keys());
        case v1::ChatRequest::kPutMessages: return route_to(request.put_messages());
        case v1::ChatRequest::kGetSenderCertificate:
            return route_to(request.get_sender_certificate());
        case v1::ChatRequest::kWhoami: return route_to(request.whoami());
        case v1::ChatRequest::kPutChallenge: return route_to(request.put_challenge());
        case v1::ChatRequest::ROUTE_NOT_SET: break;
    }
    return Error{ErrorCode::unsupported, "route"};
}

// The number that a header consists of, else 0.
std::int64_t header_number(const signal::Response& response, std::string_view name) {
    for (const auto& [key, value] : response.headers) {
        if (key != name) continue;
        std::int64_t number = 0;
        const char* end = value.data() + value.size();
        const auto parsed = std::from_chars(value.data(), end, number);
        if (parsed.ec == std::errc{} && parsed.ptr == end && number > 0) return number;
    }
    return 0;
}

}  // namespace

Result<Routed> route(const v1::ChatRequest& request) {
    Routed routed = NACRE_TRY(by_kind(request));
    routed.request.timeout =
        request.timeout_ms() == 0
            ? kDefaultTimeout
            : std::min(kMostTimeout, std::chrono::milliseconds{request.timeout_ms()});
    return routed;
}

Result<v1::ChatReply> reply_from(const signal::Response& response) {
    if (response.body.size() > kMostReplyBytes)
        return Error{ErrorCode::resource_exhausted, "reply too large for the link"};
    v1::ChatReply reply;
    reply.set_status(response.status);
    reply.set_body(response.body.data(), response.body.size());
    constexpr std::int64_t kMost = std::numeric_limits<std::uint32_t>::max();
    reply.set_retry_after_s(
        static_cast<std::uint32_t>(std::min(kMost, header_number(response, "retry-after"))));
    reply.set_server_timestamp(header_number(response, "x-signal-timestamp"));
    return reply;
}

signal::Request whoami() { return get("/v1/accounts/whoami"); }

}  // namespace nacre::courier
