#include "daemon/vaultd/send.h"

#include <pthread.h>

#include <algorithm>

#include "api/base/log.h"
#include "daemon/base/crash_point.h"
#include "daemon/libsignal/sealed.h"
#include "daemon/vaultd/outgoing.h"
#include "daemon/vaultd/padding.h"
#include "daemon/vaultd/peer_keys.h"
#include "daemon/vaultd/server_json.h"
#include "daemon/vaultd/signal_stores.h"

namespace nacre::vaultd {
namespace {

using daemon::crash_point;
using signal::CiphertextType;
using vault::OutboxDevice;
using vault::OutboxEntry;
using vault::OutboxKind;
using vault::OutboxState;

// A recipient whose devices change with every try is not waited for in a tight loop.
constexpr int kMostTries = 5;
constexpr std::int64_t kFirstDelayMs = 2'000;
constexpr std::int64_t kMostDelayMs = 10 * 60 * 1000;
// A certificate is renewed this long before it ends.
constexpr std::int64_t kCertificateMarginMs = 6LL * 60 * 60 * 1000;
constexpr std::int64_t kIdleMs = 60'000;

// The envelope's numbers, which are not libsignal's.
std::uint32_t envelope_type(CiphertextType type) { return type == CiphertextType::pre_key ? 3 : 1; }

CiphertextType ciphertext_type(std::uint32_t envelope) {
    return envelope == 3 ? CiphertextType::pre_key : CiphertextType::whisper;
}

constexpr std::uint32_t kSealedEnvelope = 6;

std::int64_t backoff_ms(std::uint32_t attempts) {
    return std::min(kFirstDelayMs << std::min(attempts, 9U), kMostDelayMs);
}

Result<OutboxDevice> encrypt_for(EngineState& state, const signal::Address& remote, ByteView content) {
    const auto ciphertext = NACRE_TRY(signal::encrypt(state.host, *state.aci, remote, state.own_address(),
                                                      pad(content), state.clock.wall_ms()));
    return OutboxDevice{remote.device, ciphertext.registration_id, envelope_type(ciphertext.type), false,
                        ciphertext.bytes};
}

// Devices of `remote` that have a session to encrypt with.
Result<std::vector<std::uint32_t>> ready_devices(EngineState& state, const vault::ServiceId& remote) {
    std::vector<std::uint32_t> ready;
    const auto devices = NACRE_TRY(state.protocol.session_devices(vault::OwnIdentity::aci, remote));
    for (const std::uint32_t device : devices) {
        if (signal::Address{to_signal(remote), device} == state.own_address()) continue;
        const auto record = NACRE_TRY(state.protocol.session(vault::OwnIdentity::aci, remote, device));
        if (!record) continue;
        const auto info = NACRE_TRY(signal::session_info(state.host, *record, state.clock.wall_ms()));
        if (info.has_usable_sender_chain) ready.push_back(device);
    }
    return ready;
}

}  // namespace

void Sender::start() {
    thread_ = std::thread{[this] {
        pthread_setname_np(pthread_self(), "sender");
        loop();
    }};
}

void Sender::stop() {
    {
        const std::lock_guard lock{mutex_};
        stopping_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
}

void Sender::kick() {
    {
        const std::lock_guard lock{mutex_};
        kicked_ = true;
    }
    changed_.notify_all();
}

void Sender::wait_for_work() {
    const auto next = engine_.run([](EngineState& state) { return state.outbox.next_try_ms(); });
    std::int64_t wait = kIdleMs;
    if (next && *next) wait = std::clamp<std::int64_t>(**next - engine_.clock().wall_ms(), 50, kIdleMs);
    std::unique_lock lock{mutex_};
    changed_.wait_for(lock, std::chrono::milliseconds{wait}, [this] { return kicked_ || stopping_; });
    kicked_ = false;
}

void Sender::loop() {
    const auto stopping = [this] {
        const std::lock_guard lock{mutex_};
        return stopping_;
    };
    while (!stopping()) {
        const auto next = engine_.run([&](EngineState& state) -> Result<std::optional<OutboxEntry>> {
            if (!state.linked()) return std::optional<OutboxEntry>{};
            return state.outbox.next(state.clock.wall_ms());
        });
        if (!next || !*next || courier_.status().connection != Connection::connected) {
            wait_for_work();
            continue;
        }
        deliver(**next);
    }
}

void Sender::deliver(OutboxEntry entry) {
    for (int tries = 0; tries < kMostTries; ++tries) {
        const auto fate = attempt(entry);
        if (!fate) return give_up(entry, fate.error());
        if (*fate != Fate::again) return;
    }
    postpone(entry, backoff_ms(entry.attempts));
}

// An error of one try: refused for good, blocked until accepted, or worth another try later.
void Sender::give_up(const OutboxEntry& entry, const Error& why) {
    if (why.code == ErrorCode::canceled) return;
    log::write(log::Level::notice, "a message does not go out now", why);
    switch (why.code) {
        case ErrorCode::unregistered:
        case ErrorCode::rejected:
        case ErrorCode::invalid_argument: (void)fail(entry, why.code); return;
        case ErrorCode::untrusted_identity: (void)block(entry); return;
        default: postpone(entry, backoff_ms(entry.attempts));
    }
}

Result<Sender::Fate> Sender::attempt(OutboxEntry& entry) {
    if (!NACRE_TRY(engine_.run(
            [&](EngineState& state) { return identity_accepted(state, entry.destination); })))
        return Error{ErrorCode::untrusted_identity, "send"};
    if (entry.state == OutboxState::needs_keys) {
        const auto ready = NACRE_TRY(
            engine_.run([&](EngineState& state) { return ready_devices(state, entry.destination); }));
        if (ready.empty()) NACRE_TRY(fetch_sessions(engine_, courier_, entry.destination, 0));
        NACRE_TRY(encrypt(entry, {}));
        crash_point("after_outbox");
    }
    // No other device of ours: there is nobody to tell.
    if (entry.devices.empty()) {
        NACRE_TRY(accept(entry, false));
        return Fate::accepted;
    }
    return put(entry);
}

// For the devices in `only`, or if that is empty for all that have a session. What other devices
// have stays as it is.
Result<void> Sender::encrypt(OutboxEntry& entry, const std::vector<std::uint32_t>& only) {
    auto devices = NACRE_TRY(engine_.transact([&](EngineState& state) -> Result<std::vector<OutboxDevice>> {
        std::vector<OutboxDevice> all = entry.devices;
        const auto wanted = only.empty() ? NACRE_TRY(ready_devices(state, entry.destination)) : only;
        for (const std::uint32_t device : wanted) {
            const signal::Address remote{to_signal(entry.destination), device};
            if (remote == state.own_address()) continue;
            all.push_back(NACRE_TRY(encrypt_for(state, remote, entry.content)));
        }
        NACRE_TRY(state.outbox.set_encrypted(entry.entry, all));
        crash_point("before_outbox");
        return all;
    }));
    entry.devices = std::move(devices);
    entry.state = OutboxState::encrypted;
    return {};
}

Result<Sender::Route> Sender::route(const OutboxEntry& entry) {
    return engine_.run([&](EngineState& state) -> Result<Route> {
        Route out;
        if (entry.kind != OutboxKind::message && entry.kind != OutboxKind::receipt) return out;
        const auto recipient = NACRE_TRY(state.recipients.find_service_id(entry.destination));
        if (!recipient || entry.destination.is_pni()) return out;
        out.recipient = recipient->row;
        out.access = recipient->access;
        if (recipient->access != vault::AccessMode::denied && recipient->profile_key.size() == 32)
            out.access_key = NACRE_TRY(signal::derive_access_key(state.host, recipient->profile_key));
        return out;
    });
}

Result<Bytes> Sender::certificate() {
    if (engine_.clock().wall_ms() < certificate_until_ms_ - kCertificateMarginMs) return certificate_;
    courier::v1::ChatRequest request;
    request.mutable_get_sender_certificate()->set_include_e164(false);
    const auto reply = NACRE_TRY(courier_.chat(request));
    if (reply.status() != 200) return Error{ErrorCode::unavailable, "sender certificate"};
    Bytes fetched = NACRE_TRY(read_certificate(as_bytes(reply.body())));
    const auto parsed = NACRE_TRY(engine_.run([&](EngineState& state) -> Result<signal::SenderCertificate> {
        auto certificate = NACRE_TRY(signal::parse_sender_certificate(state.host, fetched));
        if (certificate.sender != state.own_address())
            return Error{ErrorCode::bad_message, "sender certificate of somebody else"};
        return certificate;
    }));
    certificate_ = std::move(fetched);
    certificate_until_ms_ = parsed.expiration_ms;
    return certificate_;
}

Result<Sender::Fate> Sender::put(OutboxEntry& entry) {
    const Route way = NACRE_TRY(route(entry));
    const bool sealed = !way.access_key.empty();
    const Bytes own_certificate = sealed ? NACRE_TRY(certificate()) : Bytes{};
    std::vector<OutgoingDevice> devices;
    NACRE_TRY(engine_.run([&](EngineState& state) -> Result<void> {
        for (const OutboxDevice& device : entry.devices) {
            OutgoingDevice out{device.device_id, device.registration_id, device.type, device.ciphertext};
            if (sealed) {
                out.envelope_type = kSealedEnvelope;
                out.content = NACRE_TRY(signal::seal(
                    state.host, *state.aci, {to_signal(entry.destination), device.device_id},
                    {ciphertext_type(device.type), device.ciphertext, device.registration_id, nullptr},
                    own_certificate,
                    entry.kind == OutboxKind::message ? signal::ContentHint::resendable
                                                      : signal::ContentHint::implicit));
            }
            devices.push_back(std::move(out));
        }
        return {};
    }));

    courier::v1::ChatRequest request;
    auto& messages = *request.mutable_put_messages();
    messages.set_service_id(entry.destination.text());
    const Bytes body = write_messages_body(devices, entry.timestamp_ms, entry.online, entry.urgent);
    messages.set_body(body.data(), body.size());
    messages.set_access_key(way.access_key.data(), way.access_key.size());
    const auto reply = NACRE_TRY(courier_.chat(request));
    crash_point("after_put");
    switch (reply.status()) {
        case 200:
            if (sealed && way.access == vault::AccessMode::unknown)
                NACRE_TRY(engine_.transact([&](EngineState& state) {
                    return state.recipients.set_access(way.recipient, vault::AccessMode::sealed);
                }));
            NACRE_TRY(accept(entry, sealed));
            return Fate::accepted;
        case 401:
        case 403:
            if (!sealed) return Error{ErrorCode::unavailable, "the server refuses our login"};
            NACRE_TRY(engine_.transact([&](EngineState& state) {
                return state.recipients.set_access(way.recipient, vault::AccessMode::denied);
            }));
            return Fate::again;
        case 404: return Error{ErrorCode::unregistered, "send"};
        case 409:
        case 410: return resolve_mismatch(entry, as_bytes(reply.body()));
        case 400:
        case 413:
        case 422: return Error{ErrorCode::rejected, "send"};
        case 428:
        case 429:
            postpone(entry, reply.retry_after_s() != 0 ? std::int64_t{reply.retry_after_s()} * 1000
                                                       : backoff_ms(entry.attempts));
            return Fate::postponed;
        default: return Error{ErrorCode::unavailable, "send"};
    }
}

// The recipient's devices are others than we thought: sessions with devices that are gone are
// dropped, new ones begun, and what still fits is kept.
Result<Sender::Fate> Sender::resolve_mismatch(OutboxEntry& entry, ByteView body) {
    const DeviceMismatch mismatch = NACRE_TRY(read_device_mismatch(body));
    std::vector<std::uint32_t> gone = mismatch.extra;
    gone.insert(gone.end(), mismatch.stale.begin(), mismatch.stale.end());
    std::vector<std::uint32_t> wanted = mismatch.missing;
    wanted.insert(wanted.end(), mismatch.stale.begin(), mismatch.stale.end());
    std::erase_if(entry.devices, [&](const OutboxDevice& device) {
        return std::find(gone.begin(), gone.end(), device.device_id) != gone.end();
    });
    NACRE_TRY(engine_.transact([&](EngineState& state) -> Result<void> {
        for (const std::uint32_t device : gone)
            NACRE_TRY(state.protocol.remove_session(vault::OwnIdentity::aci, entry.destination, device));
        return state.outbox.set_encrypted(entry.entry, entry.devices);
    }));
    for (const std::uint32_t device : wanted) {
        const auto ready = NACRE_TRY(
            engine_.run([&](EngineState& state) { return ready_devices(state, entry.destination); }));
        if (std::find(ready.begin(), ready.end(), device) == ready.end())
            NACRE_TRY(fetch_sessions(engine_, courier_, entry.destination, device));
    }
    if (!wanted.empty()) NACRE_TRY(encrypt(entry, wanted));
    return Fate::again;
}

Result<void> Sender::accept(const OutboxEntry& entry, bool sealed) {
    NACRE_TRY(engine_.transact([&](EngineState& state) -> Result<void> {
        NACRE_TRY(state.outbox.remove(entry.entry));
        if (entry.kind == OutboxKind::message) NACRE_TRY(queue_transcript(state, entry, sealed));
        if (!entry.message || !NACRE_TRY(state.messages.set_state(*entry.message, vault::MessageState::sent)))
            return {};
        const auto message = NACRE_TRY(state.messages.find(*entry.message));
        if (!message) return {};
        return state.note({vault::EventKind::message_state, message->conversation_id, message->id, {}});
    }));
    crash_point("after_sent");
    return {};
}

Result<void> Sender::fail(const OutboxEntry& entry, ErrorCode why) {
    return engine_.transact([&](EngineState& state) -> Result<void> {
        // Receipts and the like that nobody takes are simply gone.
        if (!entry.message) return state.outbox.remove(entry.entry);
        NACRE_TRY(state.outbox.set_state(entry.entry, OutboxState::failed));
        NACRE_TRY(state.messages.set_failed(*entry.message, why));
        const auto message = NACRE_TRY(state.messages.find(*entry.message));
        if (!message) return {};
        return state.note({vault::EventKind::message_state, message->conversation_id, message->id, {}});
    });
}

Result<void> Sender::block(const OutboxEntry& entry) {
    return engine_.transact([&](EngineState& state) -> Result<void> {
        NACRE_TRY(state.outbox.set_state(entry.entry, OutboxState::blocked_identity));
        if (!entry.message) return {};
        NACRE_TRY(state.messages.set_state(*entry.message, vault::MessageState::blocked_identity));
        const auto message = NACRE_TRY(state.messages.find(*entry.message));
        if (!message) return {};
        return state.note({vault::EventKind::message_state, message->conversation_id, message->id, {}});
    });
}

void Sender::postpone(const OutboxEntry& entry, std::int64_t delay_ms) {
    const std::int64_t until = engine_.clock().wall_ms() + delay_ms;
    (void)engine_.transact([&](EngineState& state) { return state.outbox.postpone(entry.entry, until); });
}

}  // namespace nacre::vaultd
