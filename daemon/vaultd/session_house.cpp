// What a session does now and then: keeps house, and leaves the courier what it needs when the vault
// is locked.
#include "api/base/log.h"
#include "daemon/vaultd/outgoing.h"
#include "daemon/vaultd/pre_keys.h"
#include "daemon/vaultd/session.h"

namespace nacre::vaultd {
namespace {

constexpr std::int64_t kKeepPreKeysMs = 60LL * 24 * 60 * 60 * 1000;

}  // namespace

// For the time when the vault is locked. Not at any courier's bidding: it could ask for keys for ever.
void Session::leave_keys() {
    constexpr std::int64_t kPauseMs = 10LL * 60 * 1000;
    const std::int64_t now = context_.clock.boot_ms();
    if (keys_left_ms_ != 0 && now - keys_left_ms_ < kPauseMs) return;
    keys_left_ms_ = now;
    const auto left = leave_ready_keys(*engine_, context_.courier, rolled_back_);
    if (!left) log::write(log::Level::notice, "pre-keys were not left ready", left.error());
}

// Replaced private pre-keys are kept for messages under way. Nothing goes while any may wait, with the
// courier or at the server: who knows how long it has been waiting.
void Session::purge_pre_keys() {
    constexpr std::int64_t kPauseMs = 12LL * 60 * 60 * 1000;
    const std::int64_t now = context_.clock.boot_ms();
    if (purged_ms_ != 0 && now - purged_ms_ < kPauseMs) return;
    if (waiting_.any(receiver_.backlog())) return;
    purged_ms_ = now;
    const auto done = engine_->transact([](EngineState& state) {
        return state.protocol.purge_pre_keys(state.clock.wall_ms() - kKeepPreKeysMs);
    });
    if (!done) log::write(log::Level::warning, "purge pre-keys", done.error());
}

void Session::keep_house() {
    send_held_receipts();
    if (drain_failed_.exchange(false))
        engine_->post_later([this](EngineState& state) { receiver_.drain(state); });
    if (resume_again_.exchange(false))
        errands_.post([this, link = link_up_.load()] { resume(link); });
    purge_pre_keys();
    constexpr std::int64_t kHouseMs = 12LL * 60 * 60 * 1000;
    const std::int64_t now = context_.clock.boot_ms();
    if (last_house_ms_ != 0 && now - last_house_ms_ < kHouseMs) return;
    last_house_ms_ = now;
    const auto done = engine_->transact([](EngineState& state) -> Result<void> {
        const std::int64_t wall = state.clock.wall_ms();
        NACRE_TRY(state.messages.purge_early_receipts(wall - kKeepPreKeysMs));
        NACRE_TRY(state.quarantine.purge_seen(wall));
        return {};
    });
    if (!done) log::write(log::Level::warning, "housekeeping", done.error());
    refill();
}

void Session::send_held_receipts() {
    const auto sent = engine_->transact([](EngineState& state) { return queue_held_receipts(state); });
    if (sent && *sent != 0) sender_->kick();
}

}  // namespace nacre::vaultd
