#include "daemon/vaultd/session.h"

#include <algorithm>

#include "api/base/log.h"
#include "daemon/base/crash_point.h"
#include "daemon/config/wire_environment.h"
#include "daemon/libsignal/session.h"
#include "daemon/link/login_credential.h"
#include "daemon/vaultd/attachment.h"
#include "daemon/vaultd/contact_blob.h"
#include "daemon/vaultd/outgoing.h"
#include "daemon/vaultd/sync.h"

namespace nacre::vaultd {
namespace {

using daemon::crash_point;
using vault::EventKind;

// What may be on the link at a time, in units of spool::credit_cost: some batches of ordinary
// records, so that neither side waits, and some three MiB of large ones.
constexpr std::uint64_t kWindow = 400;
constexpr std::chrono::seconds kIdlePeriod{5};

// Old ratchets must not encrypt again: the next message to anybody begins a new session, while what
// is under way can still be read.
Result<void> archive_sessions(EngineState& state) {
    log::write(log::Level::warning, "an older database was put back; sessions begin anew");
    for (const vault::OwnIdentity own : {vault::OwnIdentity::aci, vault::OwnIdentity::pni}) {
        for (const auto& session : NACRE_TRY(state.protocol.sessions(own))) {
            const Bytes archived = NACRE_TRY(signal::archive(state.host, session.record));
            NACRE_TRY(state.protocol.save_session(own, session.remote, session.device, archived));
        }
    }
    return {};
}

}  // namespace

Session::Session(std::shared_ptr<vault::Vault> vault, Context context)
    : vault_{std::move(vault)}, context_{std::move(context)}, receiver_{receiver_hooks(), context_.config.spool.late_receipts} {}

Result<std::unique_ptr<Session>> Session::open(std::shared_ptr<vault::Vault> vault, Context context) {
    std::unique_ptr<Session> session{new Session{std::move(vault), std::move(context)}};
    NACRE_TRY(session->start());
    return session;
}

Session::~Session() { stop(); }

Result<void> Session::start() {
    engine_ = NACRE_TRY(Engine::start(vault_, context_.state / "attempt", context_.clock));
    NACRE_TRY(engine_->run([this](EngineState& state) { return settle(state); }));
    sender_ = std::make_unique<Sender>(*engine_, context_.courier);
    sender_->start();
    Worker::Hooks hooks;
    hooks.period = kIdlePeriod;
    hooks.idle = [this] { keep_house(); };
    errands_.start(std::move(hooks));
    return {};
}

// What the process before this one left unfinished, and a new epoch of the spool.
Result<void> Session::settle(EngineState& state) {
    NACRE_TRY(record_death(state));
    NACRE_TRY(report_orphan(state));
    auto transaction = NACRE_TRY(vault::Transaction::begin(state.database));
    if (vault_->database_rolled_back() && state.linked()) {
        rolled_back_ = true;
        NACRE_TRY(archive_sessions(state));
    }
    epoch_ = std::max(NACRE_TRY(state.spool.newest_epoch()) + 1, vault_->generation());
    const auto keys = NACRE_TRY(spool::generate_epoch(epoch_));
    receiver_.set_epoch(epoch_);
    epoch_public_key_ = {keys.public_key.begin(), keys.public_key.end()};
    NACRE_TRY(state.spool.add_epoch(epoch_, keys.public_key, keys.private_key.view()));
    NACRE_TRY(transaction.commit());
    crash_point("before_epoch");
    return {};
}

void Session::finish(std::chrono::steady_clock::time_point until) {
    if (!engine_->finish(until)) log::write(log::Level::info, "lock: the writer is interrupted");
    AttemptFile::forgive();
}

void Session::stop() {
    errands_.stop();
    if (sender_) sender_->stop();
    if (engine_) engine_->stop();
}

Receiver::Hooks Session::receiver_hooks() {
    Receiver::Hooks hooks;
    hooks.schedule = [this] {
        engine_->post_later([this](EngineState& state) { receiver_.drain(state); });
    };
    hooks.committed = [this](std::uint64_t sequence, std::uint64_t link, std::uint64_t spent) {
        context_.courier.committed(sequence);
        if (spent != 0) grant(link, spent);
    };
    hooks.effects = [this](const BatchEffects& effects) {
        if (!effects.delivered.empty()) sender_->kick();
        if (effects.used_pre_key) errands_.post([this] { refill(); });
        if (effects.contacts_to_fetch) errands_.post([this] { fetch_contacts(); });
    };
    hooks.failed = [this](const Error&) { drain_failed_ = true; };
    hooks.publish = [this](EngineState& state) { engine_->publish(state); };
    return hooks;
}

void Session::link_up(std::uint64_t link) {
    // Both the link and the unlocking that found it there may tell.
    if (link_up_.exchange(link) == link) return;
    receiver_.restart(link);
    waiting_.forget();
    errands_.post([this, link] { resume(link); });
}

// A new link: the courier learns the epoch and how far we are, logs in, and may send.
void Session::resume(std::uint64_t link) {
    if (context_.courier.link() != link) return;  // the next one is on its way
    if (!begin_epoch(link)) return resume_again_.store(true);
    const auto logged_in = log_in();
    if (!logged_in && logged_in.error().code == ErrorCode::not_linked) return end_foreign_login();
    if (logged_in) return;
    log::write(log::Level::warning, "log in", logged_in.error());
    if (logged_in.error().code != ErrorCode::environment_changed) resume_again_ = true;
}

// Credit goes with the position, not with the key: on a full disk the courier cannot store the key,
// and what it has under older ones is what fills the disk.
bool Session::begin_epoch(std::uint64_t link) {
    const auto position = engine_->run([](EngineState& state) { return state.spool.position(); });
    if (!position) return false;
    const auto begun =
        context_.courier.begin_epoch(epoch_, epoch_public_key_, position->committed);
    crash_point("after_epoch");
    if (!begun) log::write(log::Level::warning, "spool epoch", begun.error());
    const bool knows_position = begun || is_storage_failure(begun.error().code);
    if (knows_position && std::exchange(granted_link_, link) != link) grant(link, kWindow);
    return begun.ok();
}

// Counted before the courier can know of it.
void Session::grant(std::uint64_t link, std::uint64_t count) {
    receiver_.grant(link, count);
    context_.courier.credit(link, count);
}

// A vault without an account: what the courier is logged in with is of a vault that was here before,
// removed, or emptied under duress.
void Session::end_foreign_login() {
    // A link that is under way logs in at its end, long after this.
    if (!link_under_way_) (void)context_.courier.logout();
}

Result<vault::FixedEnvironment> Session::configured_environment() const {
    vault::FixedEnvironment out;
    const std::string bytes = config::wire_environment(context_.config).SerializeAsString();
    out.environment = to_bytes(bytes);
    out.trust_roots = context_.config.environment.trust_roots;
    out.server_public_params = context_.config.environment.server_public_params;
    return out;
}

Result<void> Session::log_in() {
    const auto request = login_request();
    if (!request.ok()) {
        if (request.error().code == ErrorCode::environment_changed) (void)context_.courier.logout();
        return request.error();
    }
    const auto done = context_.courier.login(*request);
    if (!done && done.error().code == ErrorCode::environment_changed) environment_changed_ = true;
    return done;
}

// What the courier needs to be this device; environment_changed when it shall not.
Result<courier::v1::LoginRequest> Session::login_request() {
    const auto account = NACRE_TRY(engine_->run(
        [](EngineState& state) -> Result<std::optional<vault::AccountRow>> { return state.account; }));
    if (!account || account->state == vault::LinkState::not_linked)
        return Error{ErrorCode::not_linked, "log in"};
    if (account->state == vault::LinkState::unlinked) return Error{ErrorCode::unlinked, "log in"};
    const auto configured = NACRE_TRY(configured_environment());
    courier::v1::LoginRequest request;
    if (!request.mutable_environment()->ParseFromArray(account->environment.environment.data(),
                                                       static_cast<int>(account->environment.environment.size())))
        return Error{ErrorCode::vault_damaged, "fixed environment"};
    environment_changed_ =
        !config::same_environment(request.environment(), config::wire_environment(context_.config)) ||
        configured.trust_roots != account->environment.trust_roots ||
        configured.server_public_params != account->environment.server_public_params;
    if (environment_changed_) return Error{ErrorCode::environment_changed, "log in"};
    request.set_aci(vault::uuid_text(account->aci));
    request.set_device_id(account->device_id);
    request.set_password(account->password.data(), account->password.size());
    return request;
}

void Session::link_connection(const courier::v1::ConnectionStatus& status) {
    errands_.post([this, status] {
        const Connection now = context_.courier.status().connection;
        if (now != std::exchange(last_connection_, now))
            (void)engine_->transact(
                [](EngineState& state) { return state.note(EventKind::connection_changed); });
        if (status.state() == courier::v1::ConnectionStatus::STATE_CONNECTED) connected(status);
        if (status.state() == courier::v1::ConnectionStatus::STATE_UNLINKED) unlinked();
    });
}

void Session::link_spool(const courier::v1::SpoolStatus& status) {
    // "Nothing more waits" is news once everything that waited is in the vault.
    if (!waiting_.told(status)) return;
    errands_.post([this] {
        (void)engine_->transact([](EngineState& state) { return state.note(EventKind::queue_empty); });
    });
}

void Session::connected(const courier::v1::ConnectionStatus& status) {
    // A server clock this far behind what it was is shown to the owner.
    constexpr std::int64_t kBackwardMs = 10 * 60 * 1000;
    (void)engine_->transact([&](EngineState& state) -> Result<void> {
        NACRE_TRY(state.outbox.retry_all_now());
        const std::int64_t at = status.server_timestamp();
        if (at == 0) return {};
        if (at + kBackwardMs < NACRE_TRY(state.accounts.last_server_time()))
            NACRE_TRY(state.note(EventKind::clock_went_back));
        NACRE_TRY(state.accounts.server_time_seen(at));
        return {};
    });
    sender_->kick();
    refill();
    (void)engine_->transact([](EngineState& state) { return request_planned_sync(state); });
    sender_->kick();
    fetch_contacts();
}

void Session::unlinked() {
    const auto done = engine_->transact([](EngineState& state) -> Result<void> {
        if (!state.linked()) return {};
        NACRE_TRY(state.accounts.set_link_state(vault::LinkState::unlinked));
        NACRE_TRY(state.note(EventKind::account_changed));
        return state.reload_account();
    });
    if (!done) log::write(log::Level::error, "unlinked", done.error());
}

void Session::refill() {
    const auto linked =
        engine_->run([](EngineState& state) -> Result<bool> { return state.linked(); });
    if (!linked || !*linked || context_.courier.status().connection != Connection::connected) return;
    const auto done = refill_now();
    if (!done) return log::write(log::Level::notice, "pre-keys were not refilled", done.error());
    leave_keys();
    if (rolled_back_.exchange(false))
        (void)engine_->run([this](EngineState&) { return vault_->settle_rollback(); });
}

// One at a time: two that both found few keys would replace each other's.
Result<void> Session::refill_now() {
    const std::lock_guard one_at_a_time{refilling_};
    return refill_pre_keys(*engine_, context_.courier, rolled_back_);
}

void Session::fetch_contacts() {
    const auto done = fetch_contacts_now();
    if (!done) log::write(log::Level::notice, "the contact list was not fetched", done.error());
}

Result<void> Session::fetch_contacts_now() {
    constexpr std::size_t kMostBytes = std::size_t{64} << 20;
    const auto pending =
        NACRE_TRY(engine_->run([](EngineState& state) { return state.accounts.meta(kContactsPending); }));
    if (!pending) return {};
    wire::AttachmentPointer pointer;
    if (!pointer.ParseFromArray(pending->data(), static_cast<int>(pending->size())))
        return Error{ErrorCode::bad_message, "contact list pointer"};
    courier::v1::DownloadRequest request;
    request.set_cdn_number(pointer.cdn_number());
    if (pointer.has_cdn_key())
        request.set_cdn_key(pointer.cdn_key());
    else
        request.set_cdn_id(pointer.cdn_id());
    const Bytes blob = NACRE_TRY(context_.courier.download(request, kMostBytes));
    const auto opened = open_attachment(blob, as_bytes(pointer.key()), as_bytes(pointer.digest()), pointer.size());
    const auto contacts = opened ? parse_contact_blob(*opened)
                                 : Result<std::vector<ContactEntry>>{opened.error()};
    return engine_->transact([&](EngineState& state) -> Result<void> {
        // A list that cannot be read now will not be readable later either.
        NACRE_TRY(state.accounts.remove_meta(kContactsPending));
        if (!contacts) {
            log::write(log::Level::warning, "the contact list cannot be read", contacts.error());
            return {};
        }
        return apply_contacts(state, *contacts);
    });
}

Result<LinkedAccount> Session::link(std::string_view device_name, const LinkObserver& observer,
                                    std::stop_token stop) {
    const std::unique_lock one_at_a_time{linking_, std::try_to_lock};
    if (!one_at_a_time.owns_lock()) return Error{ErrorCode::already_exists, "another link is under way"};
    auto environment = NACRE_TRY(configured_environment());
    link_under_way_ = true;
    Linking linking{{*engine_, context_.courier, std::move(environment),
                     [this] { return log_in(); }, [this] { return refill_now(); }},
                    observer,
                    std::move(stop)};
    auto account = linking.run(device_name);
    link_under_way_ = false;
    sender_->kick();
    return account;
}

Result<void> Session::accept_environment() {
    const auto environment = NACRE_TRY(configured_environment());
    NACRE_TRY(engine_->transact([&](EngineState& state) -> Result<void> {
        if (!state.account) return Error{ErrorCode::not_linked, "accept the environment"};
        NACRE_TRY(state.accounts.set_environment(environment));
        return state.reload_account();
    }));
    return log_in();
}

Result<std::string> Session::export_login() {
    return link::write_login_credential(NACRE_TRY(login_request()));
}

Result<void> Session::reconnect() { return context_.courier.connect(); }

Result<vault::Id> Session::send_message(const vault::Id& conversation, std::string_view text,
                                        std::string_view client_request_id) {
    auto sent = engine_->transact([&](EngineState& state) -> Result<vault::Id> {
        if (!state.account) return Error{ErrorCode::not_linked, "send"};
        if (!state.linked()) return Error{ErrorCode::unlinked, "send"};
        const auto row = NACRE_TRY(state.conversations.find(conversation));
        if (!row) return Error{ErrorCode::not_found, "conversation"};
        const auto id = NACRE_TRY(queue_text(state, *row, text, client_request_id));
        NACRE_TRY(state.search.index_new());
        return id;
    });
    sender_->kick();
    return sent;
}

Result<std::uint64_t> Session::mark_read(const vault::Id& message) {
    auto marked = engine_->transact([&](EngineState& state) -> Result<std::uint64_t> {
        const auto row = NACRE_TRY(state.messages.find(message));
        if (!row) return Error{ErrorCode::not_found, "message"};
        const auto read = NACRE_TRY(
            state.messages.mark_read(row->conversation, row->order, state.clock.wall_ms()));
        if (read.empty()) return std::uint64_t{0};
        if (state.linked()) NACRE_TRY(queue_read(state, read));
        NACRE_TRY(state.note({EventKind::messages_read, row->conversation_id, row->id, {}}));
        return static_cast<std::uint64_t>(read.size());
    });
    sender_->kick();
    return marked;
}

Result<vault::Id> Session::open_conversation(const vault::Id& recipient) {
    return engine_->transact([&](EngineState& state) -> Result<vault::Id> {
        const auto row = NACRE_TRY(state.recipients.find(recipient));
        if (!row) return Error{ErrorCode::not_found, "recipient"};
        return NACRE_TRY(state.conversations.ensure_recipient(row->row)).id;
    });
}

Result<void> Session::accept_identity(const vault::Id& recipient) {
    const auto done = engine_->transact([&](EngineState& state) -> Result<void> {
        const auto row = NACRE_TRY(state.recipients.find(recipient));
        const auto service_id = row ? row->service_id() : std::nullopt;
        if (!service_id) return Error{ErrorCode::not_found, "recipient"};
        NACRE_TRY(state.protocol.accept_identity(*service_id));
        for (const std::int64_t order : NACRE_TRY(state.outbox.unblock(*service_id))) {
            NACRE_TRY(state.messages.set_state(order, vault::MessageState::pending));
            const auto message = NACRE_TRY(state.messages.find(order));
            if (message)
                NACRE_TRY(state.note({EventKind::message_state, message->conversation_id, message->id, {}}));
        }
        return {};
    });
    sender_->kick();
    return done;
}

}  // namespace nacre::vaultd
