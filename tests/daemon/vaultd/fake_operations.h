// FakeOperations: an engine without Signal over a real vault: what the API asks of it is noted, and
// done to the vault as simply as it can be.
#pragma once

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <string>

#include "daemon/vaultd/operations.h"
#include "vault/client_store.h"
#include "vault/conversation_store.h"
#include "vault/event_store.h"
#include "vault/message_store.h"
#include "vault/recipient_store.h"
#include "vault/search.h"

namespace nacre::tests {

class FakeOperations final : public vaultd::Operations {
public:
    explicit FakeOperations(std::filesystem::path folder) : folder_{std::move(folder)} {}

    vaultd::DaemonStatus status() override;
    vaultd::VaultState vault_state() override;
    Result<Created> create_vault(const Passphrase& passphrase, std::string_view client_name,
                                 const Progress& progress) override;
    Result<Unlocked> unlock(const Passphrase& passphrase, bool accept_older_header,
                            const Progress& progress) override;
    Result<std::string> new_token(std::string_view client_name) override;
    std::uint32_t wait_seconds() override { return wait; }
    Result<vault::SlotInfo> try_secret(const Passphrase& secret) override;
    Result<vault::SlotChange> change_slots(const PrepareSlots& prepare) override;
    Rekeyed rekey(std::size_t removed, const RekeyObserver& observer) override;
    Result<void> lock() override;
    Result<bool> panic() override;
    std::shared_ptr<vault::Vault> vault() override;
    Result<vaultd::LinkedAccount> link(std::string_view device_name,
                                       const vaultd::LinkObserver& observer,
                                       std::stop_token stop) override;
    Result<void> accept_environment() override { return {}; }
    Result<std::string> export_login() override { return std::string{"the login"}; }
    Result<void> reconnect() override { return Error{ErrorCode::not_linked, "fake"}; }
    Result<vault::Id> send_message(const vault::Id& conversation, std::string_view text,
                                   std::string_view client_request_id) override;
    Result<std::uint64_t> mark_read(const vault::Id& message) override;
    Result<vault::Id> open_conversation(const vault::Id& recipient) override;
    Result<void> accept_identity(const vault::Id&) override { return {}; }
    std::uint64_t wait_event(std::uint64_t after, std::stop_token stop) override;

    // What a test does to the vault behind the API.
    Result<std::string> add_client(std::string_view name, vault::Scopes scopes);
    Result<vault::Id> receive(std::string_view name, std::string_view text);

    std::atomic<std::uint32_t> wait = 0;
    std::atomic<sandbox::MemoryLock> memory_lock = sandbox::MemoryLock::arena_only;

    // Linking waits for this, or for being stopped.
    void finish_link();
    std::atomic<bool> link_was_stopped = false;

private:
    Result<vault::RecipientRow> person(std::string_view name);
    Result<vault::Id> store(vault::NewMessage message);
    void open(std::unique_ptr<vault::Vault> vault);

    const std::filesystem::path folder_;
    std::recursive_mutex mutex_;
    std::condition_variable_any changed_;
    std::shared_ptr<vault::Vault> vault_;
    std::uint64_t last_event_ = 0;
    bool link_done_ = false;
};

}  // namespace nacre::tests
