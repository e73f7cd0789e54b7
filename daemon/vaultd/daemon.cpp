#include "daemon/vaultd/daemon.h"

#include "api/base/log.h"
#include "vault/client_store.h"
#include "vault/header.h"
#include "vault/rekey.h"

namespace nacre::vaultd {
namespace {

// Counts while it lives.
class Counted {
public:
    explicit Counted(std::atomic<int>& count) : count_{count} { ++count_; }
    ~Counted() { --count_; }
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;

private:
    std::atomic<int>& count_;
};

}  // namespace

Daemon::Daemon(const config::Config& config, std::filesystem::path state, const Clock& clock,
               MemoryStatus memory, Hooks hooks)
    : config_{config},
      folder_{std::move(state)},
      clock_{clock},
      memory_{memory},
      hooks_{std::move(hooks)},
      waits_{folder_ / "waits", clock},
      stay_locked_{folder_ / "stay-locked"},
      courier_{listener()} {
    look();
}

Daemon::~Daemon() { close(); }

void Daemon::look() {
    const vault::Probe probe = vault::Vault::probe(folder_);
    switch (probe.state) {
        case vault::Probe::State::none: state_ = VaultState::none; return;
        case vault::Probe::State::present: state_ = VaultState::locked; return;
        case vault::Probe::State::unusable:
            problem_ = probe.problem;
            state_ = VaultState::unusable;
            return;
    }
}

CourierListener Daemon::listener() {
    CourierListener out;
    out.on_link = [this](std::uint64_t link) {
        if (const auto open = session()) open->link_up(link);
    };
    out.on_segment = [this](std::uint64_t link, Bytes header) {
        if (const auto open = session()) open->link_segment(link, std::move(header));
    };
    // Locked, there is no credit: whatever comes is too much.
    out.on_record = [this](std::uint64_t link, std::uint64_t sequence, Bytes sealed) {
        const auto open = session();
        return open && open->link_record(link, sequence, std::move(sealed));
    };
    out.on_lost = [this](std::uint64_t link, std::uint64_t first, std::uint64_t last) {
        const auto open = session();
        return open && open->link_lost(link, first, last);
    };
    out.on_connection = [this](const courier::v1::ConnectionStatus& status) {
        if (const auto open = session()) open->link_connection(status);
    };
    out.on_spool = [this](const courier::v1::SpoolStatus& status) {
        if (const auto open = session()) open->link_spool(status);
    };
    return out;
}

void Daemon::finish(std::chrono::steady_clock::time_point until) {
    ending_ = true;
    if (const auto open = session()) open->finish(until);
    if (destroyed_) (void)vault::destroy_slots(folder_);
}

void Daemon::close() {
    ending_ = true;
    courier_.close();
    std::shared_ptr<Session> open;
    {
        const std::lock_guard lock{mutex_};
        open = std::move(session_);
    }
    if (open) open->stop();
}

std::shared_ptr<Session> Daemon::session() const {
    const std::lock_guard lock{mutex_};
    return session_;
}

Result<std::shared_ptr<Session>> Daemon::unlocked() const {
    auto open = session();
    if (!open) return Error{ErrorCode::vault_locked, "operation"};
    return open;
}

DaemonStatus Daemon::status() {
    DaemonStatus out = courier_.status();
    out.memory = {sandbox::with_arena(memory_.lock, sandbox::arena_backing()), memory_.swap};
    out.vault_sandbox = sandbox_;
    out.overwritten = hooks_.overwritten();
    for (const auto& [name, delay] : config_.lock.in_force()) {
        out.lock_triggers.push_back({name, delay});
    }
    if (state_ == VaultState::unusable) out.vault_problem = problem_;
    if (const auto open = session()) {
        out.draining = open->draining();
        if (open->environment_changed()) out.connection = Connection::environment_changed;
    }
    return out;
}

Result<void> Daemon::begin_session(std::shared_ptr<vault::Vault> vault) {
    NACRE_TRY(vault->cap_cache(config_.vault.cache_mib));
    std::shared_ptr<Session> opened =
        NACRE_TRY(Session::open(std::move(vault), {courier_, config_, folder_, clock_}));
    {
        const std::lock_guard lock{mutex_};
        if (ending_) return Error{ErrorCode::canceled, "unlock"};
        session_ = opened;
        if (has_credential_)
            stay_locked_.prepare();
        else
            stay_locked_.clear();
    }
    state_ = VaultState::unlocked;
    if (auto_lock_ != nullptr) auto_lock_->opened();
    if (hooks_.opened) hooks_.opened();
    // A link that came while the vault was locked is there already.
    if (const std::uint64_t link = courier_.link(); link != 0) opened->link_up(link);
    return {};
}

Result<Operations::Created> Daemon::create_vault(const Passphrase& passphrase, std::string_view client_name,
                                                 const Progress& progress) {
    const Counted opening{opening_};
    hooks_.opening();
    const std::lock_guard one_at_a_time{life_};
    if (state_ != VaultState::none) return Error{ErrorCode::already_exists, "create a vault"};
    std::shared_ptr<vault::Vault> created = NACRE_TRY(vault::Vault::create(
        folder_, passphrase, {config_.vault.kdf_target_ms, std::nullopt}, progress));
    Created out;
    out.kdf_memory_mib = created->kdf().memory_kib / 1024;
    out.kdf_passes = created->kdf().passes;
    state_ = VaultState::locked;
    NACRE_TRY(begin_session(created));
    out.token = NACRE_TRY(session()->engine().transact([&](EngineState& state) {
        return state.clients.create(client_name, vault::Scopes::all(), clock_.wall_ms());
    }));
    return out;
}

Result<Operations::Unlocked> Daemon::unlock(const Passphrase& passphrase, bool accept_older_header,
                                            const Progress& progress) {
    return open(passphrase, {accept_older_header}, Counting::yes, progress);
}

Result<Operations::Unlocked> Daemon::open(const Passphrase& secret,
                                          const vault::OpenOptions& options, Counting counting,
                                          const Progress& progress) {
    const Counted opening{opening_};
    hooks_.opening();
    const std::lock_guard one_at_a_time{life_};
    if (state_ == VaultState::none) return Error{ErrorCode::no_vault, "unlock"};
    if (state_ == VaultState::unusable) return Error{problem_, "unlock"};
    const auto waiting = courier_.status().waiting_envelopes;
    if (session()) return Unlocked{waiting};
    auto opened = NACRE_TRY(try_to_open(secret, options, counting, progress));
    NACRE_TRY(begin_session(std::move(opened)));
    return Unlocked{waiting};
}

Result<std::unique_ptr<vault::Vault>> Daemon::try_to_open(const Passphrase& secret,
                                                          const vault::OpenOptions& options,
                                                          Counting counting,
                                                          const Progress& progress) {
    if (counting == Counting::no) return vault::Vault::open(folder_, secret, options, progress);
    NACRE_TRY(waits_.begin());
    auto opened = vault::Vault::open(folder_, secret, options, progress);
    waits_.end(opened.ok() ? Result<void>{} : opened.error());
    return opened;
}

void Daemon::unlock_by_credential() {
    const auto secret = read_credential();
    has_credential_ = secret.ok() || secret.error().code != ErrorCode::not_found;
    if (!has_credential_ || state_ != VaultState::locked) return;
    if (stay_locked_.stands()) {
        return log::write(log::Level::notice, "it was locked on purpose: the credential is not used");
    }
    Result<void> outcome = secret.ok() ? Result<void>{} : secret.error();
    if (secret.ok()) {
        // Nobody is guessing. One that was replaced would make its owner wait, start after start.
        const auto unlocked = open(*secret, {}, Counting::no, [](Literal) {});
        if (!unlocked.ok()) outcome = unlocked.error();
    }
    if (outcome.ok()) return log::write(log::Level::info, "opened by the credential");
    log::write(log::Level::error, "the credential does not open the vault", outcome.error());
}

Result<std::string> Daemon::new_token(std::string_view client_name) {
    std::optional<vault::TokenHash> old;
    auto token = NACRE_TRY(
        NACRE_TRY(unlocked())->engine().transact([&](EngineState& state) -> Result<std::string> {
            old = NACRE_TRY(state.clients.hash_of(client_name));
            if (old) NACRE_TRY(state.clients.remove(client_name));
            return state.clients.create(client_name, vault::Scopes::all(), clock_.wall_ms());
        }));
    if (!old) return token;
    // Or the empty vault of a duress slot would show by knowing the old one only.
    const auto renewed = change_slots([&](const vault::Vault& vault) {
        const auto hashed = vault::hash_token(token);
        return vault::Rekey::renew_token(vault, *old, hashed.value_or(vault::TokenHash{}));
    });
    if (!renewed.ok()) log::write(log::Level::warning, "renew a token in the slots", renewed.error());
    return token;
}

Result<void> Daemon::lock() {
    // A passphrase that is being tried is a secret to wipe as well.
    if (nothing_to_lock()) return Error{ErrorCode::vault_locked, "lock"};
    end();
    return {};
}

Result<bool> Daemon::panic() {
    const bool destroys = config_.lock.panic_destroys_slots;
    Result<void> outcome;
    if (destroys) {
        hooks_.panicking(kPanicTime);
        destroyed_ = true;
        outcome = vault::destroy_slots(folder_);
        log::write(log::Level::notice, "panic: slots destroyed", {log::field("ok", outcome.ok())});
    }
    // Whatever came of it. A locked process ends as well: its successor looks at the header anew.
    if (destroys || !nothing_to_lock()) end();
    if (!outcome.ok()) return outcome.error();
    return destroys;
}

void Daemon::end() {
    hooks_.locking(kLockTime);
    {
        // An unlock that is just done must not take the mark away again.
        const std::lock_guard lock{mutex_};
        if (ending_.exchange(true)) return;
        if (has_credential_) stay_locked_.set();
    }
    hooks_.lock();
}

std::shared_ptr<vault::Vault> Daemon::vault() {
    const auto open = session();
    return open ? open->vault() : nullptr;
}

Result<LinkedAccount> Daemon::link(std::string_view device_name, const LinkObserver& observer,
                                   std::stop_token stop) {
    return NACRE_TRY(unlocked())->link(device_name, observer, std::move(stop));
}

Result<void> Daemon::accept_environment() { return NACRE_TRY(unlocked())->accept_environment(); }

Result<std::string> Daemon::export_login() { return NACRE_TRY(unlocked())->export_login(); }

Result<void> Daemon::reconnect() { return NACRE_TRY(unlocked())->reconnect(); }

Result<vault::Id> Daemon::send_message(const vault::Id& conversation, std::string_view text,
                                       std::string_view client_request_id) {
    return NACRE_TRY(unlocked())->send_message(conversation, text, client_request_id);
}

Result<std::uint64_t> Daemon::mark_read(const vault::Id& message) {
    return NACRE_TRY(unlocked())->mark_read(message);
}

Result<vault::Id> Daemon::open_conversation(const vault::Id& recipient) {
    return NACRE_TRY(unlocked())->open_conversation(recipient);
}

Result<void> Daemon::accept_identity(const vault::Id& recipient) {
    return NACRE_TRY(unlocked())->accept_identity(recipient);
}

std::uint64_t Daemon::wait_event(std::uint64_t after, std::stop_token stop) {
    const auto open = session();
    return open ? open->engine().wait_event(after, std::move(stop)) : 0;
}

}  // namespace nacre::vaultd
