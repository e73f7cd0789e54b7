// Engine: the thread that owns libsignal and writes the vault, while the vault is open.
//
// Layer:   daemon/vaultd.
// Secrets: everything, between unlock and lock.
// Errors:  run() gives what the work gave; canceled when the engine has stopped.
// Threads: run(), post(), watch functions from any thread; work runs on the engine's.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <stop_token>

#include "daemon/vaultd/engine_state.h"
#include "daemon/vaultd/worker.h"

namespace nacre::vaultd {

class Engine {
public:
    // Starts the thread, loads libsignal there and reads the account.
    static Result<std::unique_ptr<Engine>> start(std::shared_ptr<vault::Vault> vault,
                                                 const std::filesystem::path& attempt_path,
                                                 const Clock& clock);
    // Stops: what has begun ends, what waits is dropped.
    ~Engine();

    // `work(EngineState&)` returns a Result. Ahead of draining.
    template <class Work>
    auto run(Work work) {
        return worker_.run([this, &work] { return work(*state_); });
    }

    // As run(), within one transaction: committed if the work succeeds. New events wake watchers.
    template <class Work>
    auto transact(Work work) -> decltype(work(std::declval<EngineState&>())) {
        return run([this, &work](EngineState& state) -> decltype(work(state)) {
            auto transaction = NACRE_TRY(vault::Transaction::begin(state.database));
            auto result = work(state);
            if (!result.ok()) return result;
            NACRE_TRY(transaction.commit());
            publish(state);
            return result;
        });
    }

    // Draining: behind everything that a client waits for.
    bool post_later(std::function<void(EngineState&)> work) {
        return worker_.post([this, work = std::move(work)] { work(*state_); }, TaskQueue::Lane::later);
    }

    // On the engine's thread, after a commit that may have added events: wakes their watchers.
    void publish(EngineState& state);
    // Blocks until the log goes beyond `after`, or stop; the last sequence number.
    std::uint64_t wait_event(std::uint64_t after, std::stop_token stop);

    vault::Vault& vault() { return *vault_; }
    const Clock& clock() const { return clock_; }
    bool stopping() const { return worker_.stopping(); }
    // Begins nothing more, and waits until then for the task under way; whether it has ended. Once.
    bool finish(std::chrono::steady_clock::time_point until) { return worker_.finish(until); }
    void stop();

private:
    Engine(std::shared_ptr<vault::Vault> vault, const Clock& clock);
    Result<void> open(const std::filesystem::path& attempt_path);

    const std::shared_ptr<vault::Vault> vault_;
    const Clock& clock_;
    Worker worker_;

    // The engine thread's.
    std::unique_ptr<signal::Host> host_;
    std::optional<AttemptFile> attempt_;
    std::unique_ptr<EngineState> state_;

    std::mutex events_mutex_;
    std::condition_variable_any events_changed_;
    std::uint64_t last_event_ = 0;
};

}  // namespace nacre::vaultd
