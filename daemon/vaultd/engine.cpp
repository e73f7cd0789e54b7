#include "daemon/vaultd/engine.h"

#include "daemon/vaultd/signal_stores.h"

namespace nacre::vaultd {

Engine::Engine(std::shared_ptr<vault::Vault> vault, const Clock& clock)
    : vault_{std::move(vault)}, clock_{clock}, worker_{"engine"} {}

Result<std::unique_ptr<Engine>> Engine::start(std::shared_ptr<vault::Vault> vault,
                                              const std::filesystem::path& attempt_path,
                                              const Clock& clock) {
    std::unique_ptr<Engine> engine{new Engine{std::move(vault), clock}};
    // libsignal's environment belongs to the thread that opens it, and must be closed there.
    Worker::Hooks hooks;
    hooks.last = [raw = engine.get()] {
        raw->state_.reset();
        raw->host_.reset();
        AttemptFile::leave_stack();
    };
    engine->worker_.start(std::move(hooks));
    NACRE_TRY(engine->worker_.run([&] { return engine->open(attempt_path); }));
    return engine;
}

Result<void> Engine::open(const std::filesystem::path& attempt_path) {
    host_ = NACRE_TRY(signal::Host::open(signal::default_addon_path()));
    attempt_ = NACRE_TRY(AttemptFile::open(attempt_path));
    attempt_->watch_signals();
    state_ = std::make_unique<EngineState>(*host_, *vault_, *attempt_, clock_);
    NACRE_TRY(state_->reload_account());
    publish(*state_);
    return {};
}

Engine::~Engine() { stop(); }

void Engine::stop() {
    worker_.stop();
    events_changed_.notify_all();
}

void Engine::publish(EngineState& state) {
    const auto last = state.events.last_sequence();
    if (!last) return;  // the next one publishes this one, too
    {
        const std::lock_guard lock{events_mutex_};
        if (last_event_ == *last) return;
        last_event_ = *last;
    }
    events_changed_.notify_all();
}

std::uint64_t Engine::wait_event(std::uint64_t after, std::stop_token stop) {
    std::unique_lock lock{events_mutex_};
    events_changed_.wait(lock, stop, [&] { return last_event_ > after || worker_.stopping(); });
    return last_event_;
}

}  // namespace nacre::vaultd
