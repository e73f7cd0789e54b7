// Receive: takes spool records in sequence, a transaction a batch and a savepoint an envelope.
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

#include "daemon/spool/open.h"
#include "daemon/vaultd/content.h"

namespace nacre::vaultd {

class Receiver {
public:
    struct Hooks {
        // Has drain() run on the engine's thread soon.
        std::function<void()> schedule;
        // After a commit: `sequence` is durable, `taken` records were used up.
        std::function<void(std::uint64_t sequence, std::size_t taken)> committed;
        // What the committed batch asks for.
        std::function<void(const BatchEffects& effects)> effects;
        // The disk failed; drain() should be tried again later.
        std::function<void(const Error& why)> failed;
        // Has event watchers woken.
        std::function<void(EngineState& state)> publish;
    };

    explicit Receiver(Hooks hooks) : hooks_{std::move(hooks)} {}

    // A new link: the courier begins again with its oldest segment.
    void restart(std::uint64_t link);
    void segment(std::uint64_t link, Bytes header);
    void record(std::uint64_t link, Bytes sealed);

    // Handles at most one batch, and schedules itself if there is more.
    void drain(EngineState& state);
    // Records that have arrived over the link and are not committed.
    std::size_t backlog() const;

private:
    struct Item {
        std::uint64_t link = 0;
        bool is_segment = false;
        Bytes bytes;
    };
    // A batch that is opened but not committed; kept across failures of the disk.
    struct Batch {
        std::vector<spool::OpenedRecord> records;
        std::size_t taken = 0;
        // Records or segments that do not open.
        std::size_t damaged = 0;
    };

    std::deque<Item> take_items();
    void open(EngineState& state, Item item, Batch& batch);
    Result<void> commit(EngineState& state, const Batch& batch, BatchEffects& effects,
                        vault::SpoolPosition& position);
    Result<void> handle(EngineState& state, const spool::OpenedRecord& record, BatchEffects& effects);
    Result<void> handle_once(EngineState& state, const spool::OpenedRecord& record,
                             BatchEffects& effects);
    Result<bool> quarantined(EngineState& state, const spool::OpenedRecord& record);

    const Hooks hooks_;
    CertificateJudge judge_;

    mutable std::mutex mutex_;
    std::deque<Item> items_;
    std::uint64_t link_ = 0;
    bool scheduled_ = false;

    // The engine thread's.
    std::optional<spool::SegmentReader> reader_;
    std::uint64_t reader_link_ = 0;
    Batch batch_;
    std::optional<Error> last_failure_;
};

// Takes note of an attempt that the process before this one did not survive; call once after the
// vault is opened.
Result<void> record_death(EngineState& state);

}  // namespace nacre::vaultd
