// Daemon: the vault's life cycle (none, locked, unlocked, ending) and the API's operations on it.
//
// Layer:   daemon/vaultd.
// Secrets: the passphrase passes through to the vault; a Session holds the rest.
// Errors:  vault_locked for everything that needs an open vault.
// Threads: every function from any thread; attach() from the one that waits for links.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>

#include "daemon/overwrite/progress.h"
#include "daemon/vaultd/auto_lock.h"
#include "daemon/vaultd/credential.h"
#include "daemon/vaultd/session.h"
#include "daemon/vaultd/waits.h"

namespace nacre::vaultd {

class Daemon final : public Operations {
public:
    struct Hooks {
        std::function<void()> opening;  // before the first secret is here
        std::function<void()> opened;
        // Called first: the wipe waits no longer than that for what follows. The first call counts.
        std::function<void(std::chrono::milliseconds)> locking;
        // Before slots are destroyed: it waits so long for that, also when a lock came before.
        std::function<void(std::chrono::milliseconds)> panicking;
        std::function<void()> lock;     // called once: the process should end
        std::function<overwrite::Progress()> overwritten;
    };
    Daemon(const config::Config& config, std::filesystem::path state, const Clock& clock,
           MemoryStatus memory, Hooks hooks);
    ~Daemon() override;

    // Before threads: told when the vault opens, and when it is used.
    void set_auto_lock(AutoLock& auto_lock) { auto_lock_ = &auto_lock; }

    // Before threads: what status() says.
    void set_sandbox(const sandbox::InForce& in_force) { sandbox_ = in_force; }

    // No key is here, and none is on its way in or out.
    bool nothing_to_lock() const { return !ending_ && opening_ == 0 && !session(); }

    // A new link to the courier.
    Result<void> attach(daemon::Descriptor socket) { return courier_.attach(std::move(socket)); }

    // For a lock: nothing more begins, and the writer has until then to end what it is at. The process
    // should be wiped next. Once.
    // After a panic the slots are destroyed once more: whatever wrote the header meanwhile is over.
    void finish(std::chrono::steady_clock::time_point until);
    // Ends every thread; durable state stays as it is. The process should end afterwards.
    void close();

    // At start, if systemd handed over a credential and the vault was not locked on purpose since the
    // machine started. Once, before there are clients.
    void unlock_by_credential();

    DaemonStatus status() override;
    VaultState vault_state() override { return state_; }
    void used() override {
        if (auto_lock_ != nullptr) auto_lock_->used();
    }
    Result<Created> create_vault(const Passphrase& passphrase, std::string_view client_name,
                                 const Progress& progress) override;
    Result<Unlocked> unlock(const Passphrase& passphrase, bool accept_older_header,
                            const Progress& progress) override;
    Result<std::string> new_token(std::string_view client_name) override;
    std::uint32_t wait_seconds() override { return waits_.seconds_left(); }
    Result<vault::SlotInfo> try_secret(const Passphrase& secret) override;
    Result<vault::SlotChange> change_slots(const PrepareSlots& prepare) override;
    Rekeyed rekey(std::size_t removed, const RekeyObserver& observer) override;
    Result<void> lock() override;
    Result<bool> panic() override;
    std::shared_ptr<vault::Vault> vault() override;
    Result<LinkedAccount> link(std::string_view device_name, const LinkObserver& observer,
                               std::stop_token stop) override;
    Result<void> accept_environment() override;
    Result<std::string> export_login() override;
    Result<void> reconnect() override;
    Result<vault::Id> send_message(const vault::Id& conversation, std::string_view text,
                                   std::string_view client_request_id) override;
    Result<std::uint64_t> mark_read(const vault::Id& message) override;
    Result<vault::Id> open_conversation(const vault::Id& recipient) override;
    Result<void> accept_identity(const vault::Id& recipient) override;
    std::uint64_t wait_event(std::uint64_t after, std::stop_token stop) override;

private:
    // From the request to the wiped end: 200 ms, of which the wipe itself takes some.
    static constexpr std::chrono::milliseconds kLockTime{150};
    // For destroying the slots, if the disk takes anything at all.
    static constexpr std::chrono::milliseconds kPanicTime{3000};

    // Whether a wrong secret makes the next ones wait.
    enum class Counting : bool { no, yes };
    Result<Unlocked> open(const Passphrase& secret, const vault::OpenOptions& options,
                          Counting counting, const Progress& progress);
    Result<std::unique_ptr<vault::Vault>> try_to_open(const Passphrase& secret,
                                                      const vault::OpenOptions& options,
                                                      Counting counting, const Progress& progress);
    CourierListener listener();
    std::shared_ptr<Session> session() const;
    Result<std::shared_ptr<Session>> unlocked() const;
    Result<void> begin_session(std::shared_ptr<vault::Vault> vault);
    void look();
    void end();

    const config::Config& config_;
    const std::filesystem::path folder_;
    const Clock& clock_;
    const MemoryStatus memory_;
    sandbox::InForce sandbox_;
    const Hooks hooks_;

    // Creating, unlocking, trying secrets, changing slots: one at a time.
    std::mutex life_;
    Waits waits_;
    const StayLocked stay_locked_;
    std::atomic<bool> has_credential_ = false;
    mutable std::mutex mutex_;
    std::shared_ptr<Session> session_;
    std::atomic<VaultState> state_ = VaultState::none;
    std::atomic<ErrorCode> problem_ = ErrorCode::internal;
    std::atomic<bool> ending_ = false;
    std::atomic<bool> destroyed_ = false;
    std::atomic<int> opening_ = 0;  // calls that are creating or unlocking
    AutoLock* auto_lock_ = nullptr;
    Courier courier_;
};

}  // namespace nacre::vaultd
