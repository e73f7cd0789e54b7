// Receive: takes spool records in sequence, a transaction a batch and a savepoint an envelope. The
// courier is not believed: what does not open, and what is missing, becomes an event that names it,
// and the rest goes on.
//
// Layer:   daemon/vaultd. The one way in: there is no second path for envelopes.
// Secrets: envelopes in the clear, and what they decrypt to.
// Errors:  none leave: an envelope that cannot be used is counted, noted as an event and
//          committed past; a failing disk leaves the batch to be tried again.
// Threads: feed functions from the link's reader thread; drain() on the engine's.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>

#include "daemon/config/config.h"
#include "daemon/spool/open.h"
#include "daemon/vaultd/content.h"

namespace nacre::vaultd {

class Receiver {
public:
    struct Hooks {
        // Has drain() run on the engine's thread soon.
        std::function<void()> schedule;
        // After a commit: `sequence` is durable; `spent` of the link's credit is free again.
        std::function<void(std::uint64_t sequence, std::uint64_t link, std::uint64_t spent)>
            committed;
        // What the committed batch asks for.
        std::function<void(const BatchEffects& effects)> effects;
        // The disk failed; drain() should be tried again later.
        std::function<void(const Error& why)> failed;
        // Has event watchers woken.
        std::function<void(EngineState& state)> publish;
    };

    explicit Receiver(Hooks hooks, config::LateReceipts late = config::LateReceipts::at_once)
        : hooks_{std::move(hooks)}, late_{late} {}

    // What is sealed to an earlier epoch came while the vault was locked. Before the first link.
    void set_epoch(std::uint64_t epoch) { epoch_ = epoch; }

    // A new link: the courier begins again with what is not committed, and has no credit.
    void restart(std::uint64_t link);
    // In units of spool::credit_cost. Before the courier is told of it.
    void grant(std::uint64_t link, std::uint64_t count);
    // At most one header waits for its first record: memory is bounded by the credit alone.
    void segment(std::uint64_t link, Bytes header);
    // False: beyond the credit, and not taken.
    bool record(std::uint64_t link, std::uint64_t sequence, Bytes sealed);
    bool lost(std::uint64_t link, std::uint64_t first, std::uint64_t last);

    // Handles at most one batch, and schedules itself if there is more.
    void drain(EngineState& state);
    // Records that have arrived over the link and are not committed.
    std::size_t backlog() const;

private:
    struct Item {
        enum class Kind : std::uint8_t { header, record, lost };
        Kind kind = Kind::header;
        std::uint64_t first = 0;
        std::uint64_t last = 0;
        Bytes bytes;
    };
    // Opened, or lost with all between `first` and `last`.
    struct Taken {
        std::uint64_t first = 0;
        std::uint64_t last = 0;
        std::optional<spool::OpenedRecord> record;
    };
    // A batch that is opened but not committed; kept across failures of the disk.
    struct Batch {
        std::uint64_t link = 0;
        std::uint64_t spent = 0;
        std::vector<Taken> taken;
    };

    bool enqueue(std::uint64_t link, Item item);
    std::deque<Item> take_items(std::uint64_t& link);
    void put_back(std::deque<Item> items);
    Result<void> begin_segment(EngineState& state, ByteView header);
    Result<void> open(EngineState& state, Item& item);
    Result<void> fill_batch(EngineState& state);
    void fail(const Error& why);
    Result<void> take(EngineState& state, const Taken& taken, vault::SpoolPosition& position,
                      BatchEffects& effects);
    Result<void> note_gap(EngineState& state, std::uint64_t first, std::uint64_t last);
    Result<void> flush_gap(EngineState& state);
    Result<void> commit(EngineState& state, const Batch& batch, BatchEffects& effects,
                        vault::SpoolPosition& position);
    Result<void> handle(EngineState& state, const spool::OpenedRecord& record, BatchEffects& effects);
    Result<void> handle_once(EngineState& state, const spool::OpenedRecord& record,
                             BatchEffects& effects);
    Result<void> merge(EngineState& state, const spool::OpenedRecord& record, BatchEffects& mine,
                       BatchEffects& effects);
    Result<bool> quarantined(EngineState& state, const spool::OpenedRecord& record);

    const Hooks hooks_;
    const config::LateReceipts late_;
    std::uint64_t epoch_ = 0;
    CertificateJudge judge_;

    mutable std::mutex mutex_;
    std::deque<Item> items_;
    std::uint64_t link_ = 0;
    std::uint64_t allowed_ = 0;
    bool scheduled_ = false;

    // The engine thread's.
    std::optional<spool::SegmentReader> reader_;
    std::uint64_t reader_link_ = 0;
    Batch batch_;
    std::optional<vault::SpoolGap> gap_;  // of the transaction under way, not yet noted
    std::optional<Error> last_failure_;
};

// Takes note of an attempt that the process before this one did not survive; call once after the
// vault is opened.
Result<void> record_death(EngineState& state);

}  // namespace nacre::vaultd
