#include "tests/daemon/vaultd/fake_operations.h"

#include "tests/vault/files.h"
#include "vault/rekey.h"

namespace nacre::tests {
namespace {

constexpr std::int64_t kNow = 1'700'000'000'000;

}  // namespace

vaultd::DaemonStatus FakeOperations::status() {
    vaultd::DaemonStatus status;
    status.waiting_envelopes = 3;
    status.connection = vaultd::Connection::none;
    status.memory.lock = memory_lock;
    status.alerts = {"idle-primary-device"};
    const std::lock_guard lock{mutex_};
    if (vault_ != nullptr) return status;
    const auto probe = vault::Vault::probe(folder_);
    if (probe.state == vault::Probe::State::unusable) status.vault_problem = probe.problem;
    return status;
}

vaultd::VaultState FakeOperations::vault_state() {
    const std::lock_guard lock{mutex_};
    if (vault_ != nullptr) return vaultd::VaultState::unlocked;
    switch (vault::Vault::probe(folder_).state) {
        case vault::Probe::State::none: return vaultd::VaultState::none;
        case vault::Probe::State::unusable: return vaultd::VaultState::unusable;
        case vault::Probe::State::present: break;
    }
    return vaultd::VaultState::locked;
}

void FakeOperations::open(std::unique_ptr<vault::Vault> vault) {
    const std::lock_guard lock{mutex_};
    vault_ = std::move(vault);
}

Result<vaultd::Operations::Created> FakeOperations::create_vault(const Passphrase& passphrase,
                                                                 std::string_view client_name,
                                                                 const Progress& progress) {
    open(NACRE_TRY(vault::Vault::create(folder_, passphrase, cheap(), progress)));
    return Created{NACRE_TRY(add_client(client_name, vault::Scopes::all())), 1, 1};
}

Result<vaultd::Operations::Unlocked> FakeOperations::unlock(const Passphrase& passphrase,
                                                            bool accept_older_header,
                                                            const Progress& progress) {
    open(NACRE_TRY(vault::Vault::open(folder_, passphrase, {accept_older_header}, progress)));
    return Unlocked{3};
}

Result<std::string> FakeOperations::new_token(std::string_view client_name) {
    {
        const std::lock_guard lock{mutex_};
        auto transaction = NACRE_TRY(vault::Transaction::begin(vault_->writer()));
        NACRE_TRY(vault::ClientStore{vault_->writer()}.remove(client_name));
        NACRE_TRY(transaction.commit());
    }
    return add_client(client_name, vault::Scopes::all());
}

Result<vault::SlotInfo> FakeOperations::try_secret(const Passphrase& secret) {
    return vault()->match(secret);
}

Result<vault::SlotChange> FakeOperations::change_slots(const PrepareSlots& prepare) {
    const std::lock_guard lock{mutex_};
    auto change = NACRE_TRY(prepare(*vault_));
    NACRE_TRY(vault_->apply(change));
    return change;
}

vaultd::Operations::Rekeyed FakeOperations::rekey(std::size_t removed,
                                                  const RekeyObserver& observer) {
    const std::lock_guard lock{mutex_};
    const auto rekey = vault::Rekey::begin(*vault_, {removed});
    if (!rekey) return {rekey.error()};
    const auto progress = (*rekey)->step();
    if (!progress) return {progress.error()};
    observer(progress->done, progress->total);
    return {(*rekey)->commit(), true};
}

Result<void> FakeOperations::lock() {
    const std::lock_guard lock{mutex_};
    vault_.reset();
    changed_.notify_all();
    return {};
}

Result<bool> FakeOperations::panic() {
    (void)lock();
    return true;
}

std::shared_ptr<vault::Vault> FakeOperations::vault() {
    const std::lock_guard lock{mutex_};
    return vault_;
}

Result<vaultd::LinkedAccount> FakeOperations::link(std::string_view device_name,
                                                   const vaultd::LinkObserver& observer,
                                                   std::stop_token stop) {
    for (const char* uri : {"sgnl://linkdevice?one", "sgnl://linkdevice?two"}) {
        if (observer.on_uri(uri)) continue;
        link_was_stopped = true;
        return Error{ErrorCode::canceled, "fake link"};
    }
    std::unique_lock lock{mutex_};
    if (!changed_.wait(lock, stop, [this] { return link_done_; })) {
        link_was_stopped = true;
        return Error{ErrorCode::canceled, "fake link"};
    }
    lock.unlock();
    observer.on_step(vaultd::LinkStep::scanned);
    return vaultd::LinkedAccount{"+16505550100", std::string{device_name}, 2};
}

void FakeOperations::finish_link() {
    const std::lock_guard lock{mutex_};
    link_done_ = true;
    changed_.notify_all();
}

Result<vault::RecipientRow> FakeOperations::person(std::string_view name) {
    vault::RecipientStore recipients{vault_->writer()};
    auto found = recipients.resolve(name);
    if (found.ok()) return found;
    vault::Uuid aci{};
    for (std::size_t i = 0; i < aci.size() && i < name.size(); ++i) {
        aci[i] = static_cast<std::uint8_t>(name[i]);
    }
    const auto row = NACRE_TRY(recipients.ensure(aci, ""));
    NACRE_TRY(recipients.set_profile_name(row.row, name));
    return row;
}

Result<vault::Id> FakeOperations::store(vault::NewMessage message) {
    vault::Database& database = vault_->writer();
    const auto stored = NACRE_TRY(vault::MessageStore{database}.insert(message));
    NACRE_TRY(vault::Search{database}.index_new());
    vault::NewEvent event{message.direction == vault::Direction::incoming
                              ? vault::EventKind::message_received
                              : vault::EventKind::message_sent,
                          {}, stored.id, {}};
    last_event_ = NACRE_TRY(vault::EventStore{database}.append(event, kNow));
    return stored.id;
}

Result<std::string> FakeOperations::add_client(std::string_view name, vault::Scopes scopes) {
    const std::lock_guard lock{mutex_};
    auto transaction = NACRE_TRY(vault::Transaction::begin(vault_->writer()));
    auto token = NACRE_TRY(vault::ClientStore{vault_->writer()}.create(name, scopes, kNow));
    NACRE_TRY(transaction.commit());
    return token;
}

Result<vault::Id> FakeOperations::receive(std::string_view name, std::string_view text) {
    const std::lock_guard lock{mutex_};
    auto transaction = NACRE_TRY(vault::Transaction::begin(vault_->writer()));
    const auto author = NACRE_TRY(person(name));
    const auto conversation =
        NACRE_TRY(vault::ConversationStore{vault_->writer()}.ensure_recipient(author.row));
    vault::NewMessage message;
    message.conversation = conversation.row;
    message.author = author.row;
    message.sent_ms = kNow;
    message.server_ms = kNow + 1;
    message.received_ms = kNow + 2;
    message.body = text;
    const vault::Id id = NACRE_TRY(store(message));
    NACRE_TRY(transaction.commit());
    changed_.notify_all();
    return id;
}

Result<vault::Id> FakeOperations::send_message(const vault::Id& conversation, std::string_view text,
                                               std::string_view client_request_id) {
    const std::lock_guard lock{mutex_};
    auto transaction = NACRE_TRY(vault::Transaction::begin(vault_->writer()));
    const auto row = NACRE_TRY(vault::ConversationStore{vault_->writer()}.find(conversation));
    if (!row) return Error{ErrorCode::not_found, "fake send"};
    vault::NewMessage message;
    message.conversation = row->row;
    message.author = NACRE_TRY(person("me")).row;
    message.direction = vault::Direction::outgoing;
    message.state = vault::MessageState::pending;
    message.sent_ms = kNow;
    message.received_ms = kNow;
    message.read = true;
    message.body = text;
    message.client_request_id = client_request_id;
    const vault::Id id = NACRE_TRY(store(message));
    NACRE_TRY(transaction.commit());
    changed_.notify_all();
    return id;
}

Result<std::uint64_t> FakeOperations::mark_read(const vault::Id& id) {
    const std::lock_guard lock{mutex_};
    auto transaction = NACRE_TRY(vault::Transaction::begin(vault_->writer()));
    vault::MessageStore messages{vault_->writer()};
    const auto row = NACRE_TRY(messages.find(id));
    if (!row) return Error{ErrorCode::not_found, "fake read"};
    const auto turned = NACRE_TRY(messages.mark_read(row->conversation, row->order, kNow));
    NACRE_TRY(transaction.commit());
    return static_cast<std::uint64_t>(turned.size());
}

Result<vault::Id> FakeOperations::open_conversation(const vault::Id& recipient) {
    const std::lock_guard lock{mutex_};
    auto transaction = NACRE_TRY(vault::Transaction::begin(vault_->writer()));
    const auto row = NACRE_TRY(vault::RecipientStore{vault_->writer()}.find(recipient));
    if (!row) return Error{ErrorCode::not_found, "fake open"};
    const auto made =
        NACRE_TRY(vault::ConversationStore{vault_->writer()}.ensure_recipient(row->row));
    NACRE_TRY(transaction.commit());
    return made.id;
}

std::uint64_t FakeOperations::wait_event(std::uint64_t after, std::stop_token stop) {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, stop, [&] { return last_event_ > after || vault_ == nullptr; });
    return last_event_;
}

}  // namespace nacre::tests
