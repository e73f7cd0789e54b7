// Send: takes the outbox to the server, one entry after the other.
//
// Layer:   daemon/vaultd.
// Secrets: hands ciphertext to the courier; content stays with the engine.
// Errors:  none leave; each entry's fate stands in the vault.
// Threads: a thread of its own; kick() from any.
//
// An entry is encrypted once, in the transaction that advances the sessions; every retry sends the
// same ratchet ciphertext under the same timestamp. Only the sealed-sender layer, which says who
// sent it, is made anew for each try, because its certificate expires. Devices that the server asks
// for in addition get ciphertext of their own; the others keep theirs.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "daemon/vaultd/courier.h"
#include "daemon/vaultd/engine.h"

namespace nacre::vaultd {

class Sender {
public:
    Sender(Engine& engine, Courier& courier) : engine_{engine}, courier_{courier} {}
    ~Sender() { stop(); }

    void start();
    void stop();
    // There may be something to send, or the connection is back.
    void kick();

private:
    // What became of one try.
    enum class Fate : std::uint8_t { accepted, again, postponed, waiting, ended };

    void loop();
    void wait_for_work();
    void deliver(vault::OutboxEntry entry);
    Result<Fate> attempt(vault::OutboxEntry& entry);
    Result<void> encrypt(vault::OutboxEntry& entry, const std::vector<std::uint32_t>& only);
    Result<Fate> put(vault::OutboxEntry& entry);
    Result<Fate> resolve_mismatch(vault::OutboxEntry& entry, ByteView body);
    Result<void> accept(const vault::OutboxEntry& entry, bool sealed);
    void give_up(const vault::OutboxEntry& entry, const Error& why);
    Result<void> fail(const vault::OutboxEntry& entry, ErrorCode why);
    Result<void> block(const vault::OutboxEntry& entry);
    void postpone(const vault::OutboxEntry& entry, std::int64_t delay_ms);

    // How an entry goes out now: empty access key means with our name on it.
    struct Route {
        Bytes access_key;
        std::int64_t recipient = 0;
        vault::AccessMode access = vault::AccessMode::denied;
    };
    Result<Route> route(const vault::OutboxEntry& entry);
    Result<Bytes> certificate();

    Engine& engine_;
    Courier& courier_;
    std::thread thread_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool kicked_ = false;
    bool stopping_ = false;
    // The sending thread's.
    Bytes certificate_;
    std::int64_t certificate_until_ms_ = 0;
};

}  // namespace nacre::vaultd
