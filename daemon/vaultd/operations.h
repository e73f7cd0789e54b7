// Operations: what the API's handlers may ask of the running daemon. Reading goes straight to a
// vault reader; everything that changes state or talks to the courier stands here.
//
// Layer:   daemon/vaultd. Implemented by the engine (session.h), called by the rpc_*.cpp handlers.
// Secrets: the passphrase, as Secret; message text.
// Errors:  vault_locked where the vault is not open, and what each says.
// Threads: every function may be called from any gRPC thread; all block until done.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "api/base/result.h"
#include "daemon/overwrite/progress.h"
#include "sandbox/in_force.h"
#include "sandbox/memory_lock.h"
#include "sandbox/secret.h"
#include "vault/id.h"
#include "vault/vault.h"

namespace nacre::vaultd {

enum class Connection : std::uint8_t {
    none = 1,  // values as nacre.v1.GetStatusResponse.Connection
    connecting,
    connected,
    connected_elsewhere,
    unlinked,
    environment_changed,
    client_too_old,
    no_courier,
};

enum class VaultState : std::uint8_t {
    none = 1,  // values as nacre.v1.GetStatusResponse.VaultState
    locked,
    unlocked,
    unusable,  // files are there, but cannot be opened
};

// What keeps this process's memory out of swap; found out once, at the start.
struct MemoryStatus {
    sandbox::MemoryLock lock = sandbox::MemoryLock::arena_only;
    sandbox::Swap swap = sandbox::Swap::none;
};

// The courier's login in the owner's systemd credential, by what the courier says.
enum class LoginCredential : std::uint8_t {
    none = 0,  // values as nacre.v1.GetStatusResponse.LoginCredential
    good,
    unreadable,
    other_login,
    other_servers,
};

struct LockTrigger {
    std::string_view name;  // a key of [lock]; static storage
    std::uint32_t delay_seconds = 0;
};

// Known locked or not.
struct DaemonStatus {
    MemoryStatus memory;
    sandbox::InForce vault_sandbox;
    std::optional<sandbox::InForce> courier_sandbox;  // by its own word
    overwrite::Progress overwritten;  // of free memory, after the lock before
    std::optional<ErrorCode> vault_problem;  // set when the vault is unusable
    std::optional<std::uint64_t> waiting_envelopes;  // nothing: the courier has not said yet
    Connection connection = Connection::no_courier;
    std::vector<std::string> alerts;
    bool draining = false;
    std::vector<LockTrigger> lock_triggers;
    std::string spool_problem;  // ErrorCode name, empty when well
    bool spool_full = false;    // by its quota
    LoginCredential login_credential = LoginCredential::none;
};

enum class LinkStep : std::uint8_t { scanned = 1, registering, uploading_keys, syncing };

// Called on the linking thread, one at a time. Returning false cancels.
struct LinkObserver {
    std::function<bool(const std::string& uri)> on_uri;
    std::function<bool(LinkStep step)> on_step;
};

struct LinkedAccount {
    std::string number;
    std::string aci;
    std::uint32_t device_id = 0;
};

class Operations {
public:
    virtual ~Operations() = default;

    virtual DaemonStatus status() = 0;
    // Asked at every call of the API, so it must be cheap.
    virtual VaultState vault_state() = 0;
    // At every call that a client's token was needed for and good for; cheap, too.
    virtual void used() {}

    // Vault. `progress` may be called with a fixed sentence while the work goes on.
    struct Created {
        std::string token;
        std::uint32_t kdf_memory_mib = 0;
        std::uint32_t kdf_passes = 0;
    };
    using Progress = std::function<void(Literal sentence)>;
    virtual Result<Created> create_vault(const Passphrase& passphrase, std::string_view client_name,
                                         const Progress& progress) = 0;
    struct Unlocked {
        std::optional<std::uint64_t> waiting_envelopes;
    };
    virtual Result<Unlocked> unlock(const Passphrase& passphrase, bool accept_older_header,
                                    const Progress& progress) = 0;
    // In place of the client's older token, if it has one. All scopes: for whoever has just proved
    // to know the passphrase.
    virtual Result<std::string> new_token(std::string_view client_name) = 0;

    // Slots. Secrets are tried one at a time, and not during a wait (rate_limited).
    // Until when; 0: now.
    virtual std::uint32_t wait_seconds() = 0;
    // Which slot of the open vault a secret opens. A duress slot's does nothing here.
    virtual Result<vault::SlotInfo> try_secret(const Passphrase& secret) = 0;
    // `prepare` runs on the caller's thread, what it gives is written on the engine's.
    using PrepareSlots = std::function<Result<vault::SlotChange>(const vault::Vault& vault)>;
    virtual Result<vault::SlotChange> change_slots(const PrepareSlots& prepare) = 0;
    // Encrypts everything anew, without the slot. After success, and after a failure that left it
    // open which key counts, the vault has to be locked.
    using RekeyObserver = std::function<void(std::uint64_t done, std::uint64_t total)>;
    struct Rekeyed {
        Result<void> outcome;
        bool must_lock = false;
    };
    virtual Rekeyed rekey(std::size_t removed, const RekeyObserver& observer) = 0;

    // Returns once the process is about to end; the caller's reply may or may not arrive.
    virtual Result<void> lock() = 0;
    // Locks what there is to lock; destroys the slots before, if configured: whether that was done.
    virtual Result<bool> panic() = 0;

    // The open vault, or null when locked; stays valid while the pointer is held. Its readers are
    // what the list, get and search handlers use.
    virtual std::shared_ptr<vault::Vault> vault() = 0;

    // Linking: blocks until linked, cancelled or failed.
    virtual Result<LinkedAccount> link(std::string_view device_name, const LinkObserver& observer,
                                       std::stop_token stop) = 0;
    virtual Result<void> accept_environment() = 0;
    // The courier's login as daemon/link/login_credential.h writes it: whoever has it is this device
    // to the server. Ask for a secret before.
    virtual Result<std::string> export_login() = 0;
    virtual Result<void> reconnect() = 0;

    // Messages.
    virtual Result<vault::Id> send_message(const vault::Id& conversation, std::string_view text,
                                           std::string_view client_request_id) = 0;
    virtual Result<std::uint64_t> mark_read(const vault::Id& message) = 0;
    virtual Result<vault::Id> open_conversation(const vault::Id& recipient) = 0;
    virtual Result<void> accept_identity(const vault::Id& recipient) = 0;

    // Blocks until the event log's last sequence exceeds `after`, or `stop`; returns the last.
    virtual std::uint64_t wait_event(std::uint64_t after, std::stop_token stop) = 0;
};

}  // namespace nacre::vaultd
