// Session: everything that lives between unlock and lock, and how its parts feed each other.
//
//   link reader thread ──segments, records──▶ Receiver ──▶ engine thread ──▶ vault
//   sender thread ──▶ engine (encrypt, commit) ──▶ courier ──▶ engine (accepted)
//   errands thread ──▶ log in, pre-keys, contact list, housekeeping
//
// Layer:   daemon/vaultd.
// Secrets: all of them; ends with the process.
// Errors:  what each function says.
// Threads: every public function from any thread; the link_* ones only enqueue.
#pragma once

#include <atomic>
#include <memory>

#include "daemon/config/config.h"
#include "daemon/vaultd/engine.h"
#include "daemon/vaultd/linking.h"
#include "daemon/vaultd/receive.h"
#include "daemon/vaultd/send.h"
#include "daemon/vaultd/waiting.h"

namespace nacre::vaultd {

class Session {
public:
    struct Context {
        Courier& courier;
        const config::Config& config;
        std::filesystem::path state;
        const Clock& clock;
    };

    static Result<std::unique_ptr<Session>> open(std::shared_ptr<vault::Vault> vault, Context context);
    ~Session();

    Engine& engine() { return *engine_; }
    std::shared_ptr<vault::Vault> vault() const { return vault_; }

    // From the link.
    void link_up(std::uint64_t link);
    void link_segment(std::uint64_t link, Bytes header) { receiver_.segment(link, std::move(header)); }
    // False: more than there is credit for.
    bool link_record(std::uint64_t link, std::uint64_t sequence, Bytes sealed) {
        return receiver_.record(link, sequence, std::move(sealed));
    }
    bool link_lost(std::uint64_t link, std::uint64_t first, std::uint64_t last) {
        return receiver_.lost(link, first, last);
    }
    void link_connection(const courier::v1::ConnectionStatus& status);
    void link_spool(const courier::v1::SpoolStatus& status);

    // Operations' share.
    Result<LinkedAccount> link(std::string_view device_name, const LinkObserver& observer,
                               std::stop_token stop);
    Result<void> accept_environment();
    Result<std::string> export_login();
    Result<void> reconnect();
    Result<vault::Id> send_message(const vault::Id& conversation, std::string_view text,
                                   std::string_view client_request_id);
    Result<std::uint64_t> mark_read(const vault::Id& message);
    Result<vault::Id> open_conversation(const vault::Id& recipient);
    Result<void> accept_identity(const vault::Id& recipient);

    bool draining() const { return receiver_.backlog() > 0; }
    // The configuration is not what was fixed at link time.
    bool environment_changed() const { return environment_changed_; }

    // For a lock: the writer begins nothing more, and has until then to end what it is at. What it
    // does not end is rolled back when the vault is opened again. Once.
    void finish(std::chrono::steady_clock::time_point until);
    // Ends the threads; what they had committed stays. The courier must be closed before.
    void stop();

private:
    Session(std::shared_ptr<vault::Vault> vault, Context context);
    Result<void> start();
    Result<void> settle(EngineState& state);
    Receiver::Hooks receiver_hooks();
    void grant(std::uint64_t link, std::uint64_t count);

    // Errands.
    void resume(std::uint64_t link);
    bool begin_epoch(std::uint64_t link);
    Result<void> log_in();
    Result<courier::v1::LoginRequest> login_request();
    void end_foreign_login();
    Result<vault::FixedEnvironment> configured_environment() const;
    void connected(const courier::v1::ConnectionStatus& status);
    void unlinked();
    void refill();
    Result<void> refill_now();
    void fetch_contacts();
    Result<void> fetch_contacts_now();
    void leave_keys();
    void purge_pre_keys();
    void send_held_receipts();
    void keep_house();

    const std::shared_ptr<vault::Vault> vault_;
    const Context context_;
    Receiver receiver_;
    std::unique_ptr<Engine> engine_;
    std::unique_ptr<Sender> sender_;
    Worker errands_{"errands"};

    std::uint64_t epoch_ = 0;
    Bytes epoch_public_key_;
    std::mutex linking_;
    std::atomic<bool> link_under_way_ = false;
    std::mutex refilling_;
    std::atomic<bool> rolled_back_ = false;
    std::atomic<bool> environment_changed_ = false;
    std::atomic<bool> drain_failed_ = false;
    std::atomic<bool> resume_again_ = false;
    std::atomic<std::uint64_t> link_up_ = 0;
    Waiting waiting_;
    // The errands thread's.
    std::uint64_t granted_link_ = 0;
    std::int64_t last_house_ms_ = 0;
    std::int64_t keys_left_ms_ = 0;
    std::int64_t purged_ms_ = 0;
    Connection last_connection_ = Connection::none;
};

}  // namespace nacre::vaultd
