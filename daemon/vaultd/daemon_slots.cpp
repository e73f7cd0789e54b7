// Daemon's operations on slots: who may try a secret when, and which thread writes.
#include "api/base/log.h"
#include "daemon/base/crash_point.h"
#include "daemon/vaultd/daemon.h"
#include "vault/rekey.h"

namespace nacre::vaultd {
namespace {

using daemon::crash_point;

// A rekey in turns of the engine's thread, so that it goes on receiving and sending in between; it
// lives and ends there.
class Rekeying {
public:
    Rekeying(Engine& engine, std::size_t removed) : engine_{engine}, removed_{removed} {}
    Rekeying(const Rekeying&) = delete;
    Rekeying& operator=(const Rekeying&) = delete;
    ~Rekeying() {
        (void)engine_.run([this](EngineState&) -> Result<void> {
            rekey_.reset();
            return {};
        });
    }

    Result<vault::DatabaseCopy::Progress> turn() {
        return engine_.run([this](EngineState& state) { return turn_of(state); });
    }

    bool committing = false;

private:
    Result<vault::DatabaseCopy::Progress> turn_of(EngineState& state) {
        if (rekey_ == nullptr) rekey_ = NACRE_TRY(vault::Rekey::begin(state.vault, {removed_}));
        const auto progress = NACRE_TRY(rekey_->step());
        crash_point("rekey_copying");
        if (!progress.finished) return progress;
        crash_point("rekey_copied");
        committing = true;
        NACRE_TRY(rekey_->commit());
        crash_point("rekey_committed");
        return progress;
    }

    Engine& engine_;
    const std::size_t removed_;
    std::unique_ptr<vault::Rekey> rekey_;
};

}  // namespace

Result<vault::SlotInfo> Daemon::try_secret(const Passphrase& secret) {
    const std::lock_guard one_at_a_time{life_};
    const auto open = NACRE_TRY(unlocked());
    NACRE_TRY(waits_.begin());
    auto slot = open->vault()->match(secret);
    waits_.end(slot.ok() ? Result<void>{} : slot.error());
    return slot;
}

Result<vault::SlotChange> Daemon::change_slots(const PrepareSlots& prepare) {
    const std::lock_guard one_at_a_time{life_};
    const auto open = NACRE_TRY(unlocked());
    auto change = NACRE_TRY(prepare(*open->vault()));
    crash_point("slots_prepared");
    NACRE_TRY(open->engine().run([&](EngineState& state) { return state.vault.apply(change); }));
    crash_point("slots_written");
    return change;
}

Operations::Rekeyed Daemon::rekey(std::size_t removed, const RekeyObserver& observer) {
    const std::lock_guard one_at_a_time{life_};
    const auto open = unlocked();
    if (!open) return {open.error()};
    Rekeying rekeying{(*open)->engine(), removed};
    for (;;) {
        const auto progress = rekeying.turn();
        if (!progress) return {progress.error(), rekeying.committing};
        observer(progress->done, progress->total);
        if (progress->finished) return {{}, true};
    }
}

}  // namespace nacre::vaultd
