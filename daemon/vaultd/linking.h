// Linking: makes this vault a device of an account.
//
// Layer:   daemon/vaultd.
// Secrets: the provisioning key pair for the time of the linking; the account's keys go into the
//          vault.
// Errors:  already_linked, canceled, timed_out (no QR code was scanned), bad_message and unsupported
//          (what the primary sent), rejected (the server refused), unavailable.
// Threads: runs on the caller's thread; events of the link come in from its reader thread.
// Wire:    signal-linked-device notes A.1-A.8.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>

#include "daemon/vaultd/courier.h"
#include "daemon/vaultd/engine.h"
#include "daemon/vaultd/pre_keys.h"
#include "signal/signal.pb.h"

namespace nacre::vaultd {

class Linking {
public:
    struct Context {
        Engine& engine;
        Courier& courier;
        // What is fixed in the vault with the account.
        vault::FixedEnvironment environment;
        // Has the courier log in with the account that has just been stored.
        std::function<Result<void>()> log_in;
        // Uploads pre-keys where the server has few.
        std::function<Result<void>()> refill;
    };

    Linking(Context context, const LinkObserver& observer, std::stop_token stop)
        : context_{std::move(context)}, observer_{observer}, stop_{std::move(stop)} {}

    Result<LinkedAccount> run(std::string_view device_name);

private:
    using Event = Result<courier::v1::ProvisionEvent>;

    Result<Event> next_event();
    Result<wire::ProvisionMessage> await_primary(const signal::KeyPair& ephemeral);
    Result<void> check(const wire::ProvisionMessage& message);
    Result<LinkBody> store_pending(const wire::ProvisionMessage& message, std::string_view device_name);
    Result<LinkReply> register_device(const LinkBody& body);
    Result<void> store_account(const LinkReply& reply);
    Result<void> finish();
    void forget_pending(bool device_may_exist);
    Result<void> step(LinkStep step);

    const Context context_;
    const LinkObserver& observer_;
    const std::stop_token stop_;

    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::deque<Event> events_;
};

// At start: a link that was pending when the last process ended may have left a device behind.
Result<void> report_orphan(EngineState& state);

}  // namespace nacre::vaultd
