#include "daemon/vaultd/linking.h"

#include <sodium.h>

#include "api/base/log.h"
#include "daemon/base/crash_point.h"
#include "daemon/vaultd/device_name.h"
#include "daemon/vaultd/identity.h"
#include "daemon/vaultd/provisioning.h"
#include "daemon/vaultd/sync.h"

namespace nacre::vaultd {
namespace {

using daemon::crash_point;

constexpr std::size_t kPasswordBytes = 24;
constexpr std::size_t kPrivateKeyBytes = 32;
constexpr std::chrono::seconds kLoginWait{60};

// As the server's password: text, so that it can stand in an HTTP header.
Bytes make_password() {
    std::array<std::uint8_t, kPasswordBytes> random;
    randombytes_buf(random.data(), random.size());
    return to_bytes(to_base64(random));
}

Result<signal::KeyPair> identity_of(signal::Host& host, const std::string& public_key,
                                    const std::string& private_key) {
    if (private_key.size() != kPrivateKeyBytes)
        return Error{ErrorCode::bad_message, "identity key pair of the primary"};
    auto secret = NACRE_TRY(
        signal::PrivateKey::from(as_bytes(private_key).first<kPrivateKeyBytes>()));
    signal::KeyPair pair{to_bytes(public_key), std::move(secret)};
    if (!equal(NACRE_TRY(signal::public_key(host, pair.private_key)), pair.public_key))
        return Error{ErrorCode::bad_message, "identity key pair of the primary"};
    return pair;
}

Result<vault::Uuid> read_uuid(const std::string& binary) {
    if (binary.size() != 16) return Error{ErrorCode::bad_message, "account id of the primary"};
    vault::Uuid out;
    std::copy(binary.begin(), binary.end(), out.begin());
    return out;
}

// The account as the primary describes it.
Result<vault::AccountRow> read_account(signal::Host& host, const wire::ProvisionMessage& message) {
    vault::AccountRow row;
    row.aci = NACRE_TRY(read_uuid(message.aci_binary()));
    row.number = message.number();
    row.aci_identity_key_pair = write_identity(NACRE_TRY(
        identity_of(host, message.aci_identity_key_public(), message.aci_identity_key_private())));
    row.aci_registration_id = NACRE_TRY(signal::generate_registration_id());
    if (message.has_pni_binary() && message.has_pni_identity_key_private()) {
        row.pni = NACRE_TRY(read_uuid(message.pni_binary()));
        row.pni_identity_key_pair = write_identity(NACRE_TRY(
            identity_of(host, message.pni_identity_key_public(), message.pni_identity_key_private())));
        row.pni_registration_id = NACRE_TRY(signal::generate_registration_id());
    }
    row.profile_key = to_bytes(message.profile_key());
    row.account_entropy_pool = message.account_entropy_pool();
    row.master_key = to_bytes(message.master_key());
    if (!row.account_entropy_pool.empty()) {
        const auto master = signal::derive_master_key(host, row.account_entropy_pool);
        if (!master) return Error{ErrorCode::bad_message, "account entropy pool"};
        row.master_key = to_bytes(master->view());
    }
    row.media_root_backup_key = to_bytes(message.media_root_backup_key());
    row.auth_credential_salt = to_bytes(message.auth_credential_salt());
    row.configuration.read_receipts = message.read_receipts();
    row.password = make_password();
    return row;
}

Result<Bytes> encrypt_device_name(signal::Host& host, const vault::AccountRow& row) {
    const auto ephemeral = NACRE_TRY(signal::generate_key_pair(host));
    const auto identity = NACRE_TRY(read_identity(row.aci_identity_key_pair));
    const auto agreement = NACRE_TRY(signal::agree(host, ephemeral.private_key, identity.public_key));
    return seal_device_name(row.device_name, ephemeral.public_key, agreement.view());
}

Error refusal(std::uint32_t status) {
    switch (status) {
        case 403: return {ErrorCode::rejected, "the link code is wrong or was used before"};
        case 409: return {ErrorCode::unsupported, "the server wants a capability nacre lacks"};
        case 411: return {ErrorCode::rejected, "the account has too many devices"};
        case 429: return {ErrorCode::rate_limited, "link"};
        default: return {ErrorCode::rejected, "link"};
    }
}

}  // namespace

Result<LinkedAccount> Linking::run(std::string_view device_name) {
    const bool linked = NACRE_TRY(
        context_.engine.run([](EngineState& state) -> Result<bool> { return state.linked(); }));
    if (linked) return Error{ErrorCode::already_linked, "link"};
    const auto ephemeral = NACRE_TRY(context_.engine.run(
        [](EngineState& state) { return signal::generate_key_pair(state.host); }));
    const wire::ProvisionMessage message = NACRE_TRY(await_primary(ephemeral));
    NACRE_TRY(step(LinkStep::scanned));
    NACRE_TRY(check(message));
    NACRE_TRY(step(LinkStep::registering));

    crash_point("before_pending_link");
    const LinkBody body = NACRE_TRY(store_pending(message, device_name));
    crash_point("before_link_request");
    const auto reply = register_device(body);
    crash_point("after_link_request");
    if (!reply) return reply.error();
    const auto stored = store_account(*reply);
    if (!stored) {
        forget_pending(true);
        return stored.error();
    }
    crash_point("after_link_commit");
    NACRE_TRY(finish());
    return context_.engine.run([](EngineState& state) -> Result<LinkedAccount> {
        return LinkedAccount{state.account->number, vault::uuid_text(state.account->aci),
                             state.account->device_id};
    });
}

Result<void> Linking::step(LinkStep step) {
    if (stop_.stop_requested() || !observer_.on_step(step)) return Error{ErrorCode::canceled, "link"};
    return {};
}

Result<Linking::Event> Linking::next_event() {
    std::unique_lock lock{mutex_};
    if (!changed_.wait(lock, stop_, [this] { return !events_.empty(); }))
        return Error{ErrorCode::canceled, "link"};
    Event event = std::move(events_.front());
    events_.pop_front();
    return event;
}

// Shows one address after the other until the primary has answered to one of them.
Result<wire::ProvisionMessage> Linking::await_primary(const signal::KeyPair& ephemeral) {
    const link::Stream stream = NACRE_TRY(context_.courier.provision([this](Event event) {
        {
            const std::lock_guard lock{mutex_};
            events_.push_back(std::move(event));
        }
        changed_.notify_all();
    }));
    for (;;) {
        Event event = NACRE_TRY(next_event());
        if (!event) return event.error();
        if (event->has_closed()) return Error{ErrorCode::timed_out, "nobody scanned the code"};
        if (event->has_address()) {
            if (!observer_.on_uri(link_uri(event->address(), ephemeral.public_key)))
                return Error{ErrorCode::canceled, "link"};
            continue;
        }
        const auto envelope = NACRE_TRY(parse_provision_envelope(as_bytes(event->envelope())));
        const auto shared = NACRE_TRY(context_.engine.run([&](EngineState& state) {
            return signal::agree(state.host, ephemeral.private_key, envelope.public_key);
        }));
        return open_provision_body(envelope.body, shared.view());
    }
}

Result<void> Linking::check(const wire::ProvisionMessage& message) {
    if (message.provisioning_code().empty()) return Error{ErrorCode::bad_message, "provisioning code"};
    const auto aci = NACRE_TRY(read_uuid(message.aci_binary()));
    return context_.engine.run([&](EngineState& state) -> Result<void> {
        if (state.account && state.account->aci != aci)
            return Error{ErrorCode::already_linked, "the vault belongs to another account"};
        return {};
    });
}

Result<LinkBody> Linking::store_pending(const wire::ProvisionMessage& message, std::string_view device_name) {
    return context_.engine.transact([&](EngineState& state) -> Result<LinkBody> {
        vault::PendingLink pending;
        vault::AccountRow& row = pending.account;
        row = NACRE_TRY(read_account(state.host, message));
        row.state = vault::LinkState::linked;
        row.device_name = std::string{device_name};
        row.environment = context_.environment;
        pending.requested_ms = state.clock.wall_ms();

        NACRE_TRY(state.protocol.clear_for_relink());
        LinkBody body;
        body.provisioning_code = message.provisioning_code();
        body.registration_id = row.aci_registration_id;
        body.device_name = NACRE_TRY(encrypt_device_name(state.host, row));
        LastingKeys aci = NACRE_TRY(make_lasting_keys(state, vault::OwnIdentity::aci,
                                                      NACRE_TRY(read_identity(row.aci_identity_key_pair))));
        body.aci_signed = std::move(aci.signed_key);
        body.aci_last_resort = std::move(aci.last_resort);
        if (row.pni) {
            LastingKeys pni = NACRE_TRY(make_lasting_keys(
                state, vault::OwnIdentity::pni, NACRE_TRY(read_identity(row.pni_identity_key_pair))));
            body.pni = {row.pni_registration_id, std::move(pni.signed_key), std::move(pni.last_resort)};
        }
        NACRE_TRY(state.accounts.save_pending_link(pending));
        return body;
    });
}

Result<LinkReply> Linking::register_device(const LinkBody& body) {
    const auto pending = NACRE_TRY(
        context_.engine.run([](EngineState& state) { return state.accounts.pending_link(); }));
    if (!pending) return Error{ErrorCode::internal, "pending link"};
    const Bytes json = write_link_body(body);
    courier::v1::ChatRequest request;
    auto& route = *request.mutable_link_device();
    route.set_aci(vault::uuid_text(pending->account.aci));
    route.set_password(pending->account.password.data(), pending->account.password.size());
    route.set_body(json.data(), json.size());
    const auto reply = context_.courier.chat(request);
    if (!reply) {
        // Whether the request arrived, nobody knows.
        forget_pending(true);
        return reply.error();
    }
    if (reply->status() != 200) {
        forget_pending(reply->status() >= 500);
        return refusal(reply->status());
    }
    auto parsed = read_link_reply(as_bytes(reply->body()));
    if (!parsed) forget_pending(true);
    return parsed;
}

Result<void> Linking::store_account(const LinkReply& reply) {
    return context_.engine.transact([&](EngineState& state) -> Result<void> {
        const auto pending = NACRE_TRY(state.accounts.pending_link());
        if (!pending) return Error{ErrorCode::internal, "pending link"};
        vault::AccountRow row = pending->account;
        const auto aci = vault::parse_uuid(reply.aci);
        const auto pni = vault::parse_uuid(reply.pni);
        if (!aci || *aci != row.aci || (row.pni && (!pni || *pni != *row.pni)))
            return Error{ErrorCode::bad_message, "the server made a device of another account"};
        row.device_id = reply.device_id;
        row.linked_ms = state.clock.wall_ms();
        NACRE_TRY(state.accounts.save(row));
        NACRE_TRY(state.accounts.remove_pending_link());
        NACRE_TRY(state.accounts.set_possible_orphan(false));
        NACRE_TRY(state.recipients.ensure_self(row.aci, row.pni, row.number));
        NACRE_TRY(plan_sync(state));
        NACRE_TRY(state.note(vault::EventKind::account_changed));
        return state.reload_account();
    });
}

// The device exists and is stored; what fails from here on is tried again at the next connection.
Result<void> Linking::finish() {
    NACRE_TRY(step(LinkStep::uploading_keys));
    NACRE_TRY(context_.log_in());
    NACRE_TRY(context_.courier.wait_connected(kLoginWait));
    NACRE_TRY(context_.refill());
    NACRE_TRY(context_.engine.transact([](EngineState& state) { return request_planned_sync(state); }));
    return step(LinkStep::syncing);
}

void Linking::forget_pending(bool device_may_exist) {
    const auto done = context_.engine.transact([&](EngineState& state) -> Result<void> {
        NACRE_TRY(state.accounts.remove_pending_link());
        NACRE_TRY(state.protocol.clear_for_relink());
        if (device_may_exist) NACRE_TRY(state.accounts.set_possible_orphan(true));
        return {};
    });
    if (!done) log::write(log::Level::error, "a failed link could not be cleared", done.error());
}

Result<void> report_orphan(EngineState& state) {
    const auto pending = NACRE_TRY(state.accounts.pending_link());
    if (!pending) return {};
    auto transaction = NACRE_TRY(vault::Transaction::begin(state.database));
    NACRE_TRY(state.accounts.remove_pending_link());
    NACRE_TRY(state.protocol.clear_for_relink());
    NACRE_TRY(state.accounts.set_possible_orphan(true));
    return transaction.commit();
}

}  // namespace nacre::vaultd
