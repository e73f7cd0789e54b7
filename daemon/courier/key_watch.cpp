#include "daemon/courier/key_watch.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "api/base/log.h"
#include "daemon/courier/routes.h"

namespace nacre::courier {

Result<KeyCounts> read_key_counts(ByteView json) {
    const auto parsed = nlohmann::json::parse(json.begin(), json.end(), nullptr, false);
    const Error wrong{ErrorCode::bad_message, "key counts"};
    if (!parsed.is_object()) return wrong;
    const auto ec = parsed.find("count");
    const auto kyber = parsed.find("pqCount");
    if (ec == parsed.end() || kyber == parsed.end() || !ec->is_number_unsigned() ||
        !kyber->is_number_unsigned())
        return wrong;
    return KeyCounts{ec->get<std::uint64_t>(), kyber->get<std::uint64_t>()};
}

void KeyWatch::vault_open(bool open) {
    open_ = open;
    look();
}

void KeyWatch::connected(bool now) {
    if (now == std::exchange(connected_, now)) return;
    looking_ = false;  // what was asked on an earlier connection is not answered any more
    look();
}

void KeyWatch::durable(std::uint64_t ticket) {
    last_ticket_ = ticket;
    if (last_ticket_ - looked_at_ >= kEnvelopesBetween) look();
}

void KeyWatch::look() {
    if (open_ || !connected_ || looking_ || !send_) return;
    looked_at_ = last_ticket_;
    looking_ = true;
    ask(v1::IDENTITY_KIND_ACI, [this] {
        ask(v1::IDENTITY_KIND_PNI, [this] { looking_ = false; });
    });
}

// Nothing ready: nothing to ask.
void KeyWatch::ask(v1::IdentityKind identity, std::function<void()> then) {
    if (keys_.count(identity) == 0) return then();
    v1::ChatRequest request;
    request.mutable_get_key_count()->set_identity(identity);
    const auto routed = route(request);
    if (!routed.ok()) return then();
    send_(routed->request, [this, identity, then = std::move(then)](
                               const Result<signal::Response>& response) {
        answered(identity, response);
        then();
    });
}

void KeyWatch::answered(v1::IdentityKind identity, const Result<signal::Response>& response) {
    // The vault was opened meanwhile: two uploads would replace each other's keys.
    if (open_ || !response.ok() || response->status != 200) return;
    const auto counts = read_key_counts(response->body);
    if (!counts.ok()) return log::write(log::Level::warning, "key counts", counts.error());
    if (counts->ec < kLow || counts->kyber < kLow) upload(identity);
}

void KeyWatch::upload(v1::IdentityKind identity) {
    auto body = keys_.take(identity);
    if (!body.ok()) return log::write(log::Level::warning, "ready keys", body.error());
    if (!*body) return;
    v1::ChatRequest request;
    request.mutable_put_keys()->set_identity(identity);
    request.mutable_put_keys()->set_body((*body)->data(), (*body)->size());
    const auto routed = route(request);
    if (!routed.ok()) return log::write(log::Level::warning, "ready keys", routed.error());
    send_(routed->request, [this, identity](const Result<signal::Response>& response) {
        const bool taken = response.ok() && response->status / 100 == 2;
        log::write(taken ? log::Level::info : log::Level::warning,
                   "pre-keys uploaded while the vault is locked",
                   {log::field("taken", taken ? 1 : 0),
                    log::field("left", keys_.count(identity))});
    });
}

}  // namespace nacre::courier
