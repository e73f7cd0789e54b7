// Intake: the one thread that changes the spool. Envelopes that arrive while it syncs are appended
// together by the next sync; only then may they be acknowledged.
//
// Layer:   daemon/courier.
// Secrets: envelopes pass through.
// Errors:  a failing spool is a state, told by `report`: nothing is acknowledged, the batch tried
//          again (at once when the vault has committed, else after 1 to 60 s), nothing is dropped
//          that the server has been told to forget.
// Threads: own thread; all functions may be called from any. Events run on the own thread.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "api/base/clock.h"
#include "daemon/courier/spool.h"

namespace nacre::courier {

struct SpoolReport {
    std::uint64_t waiting = 0;
    bool queue_empty = false;  // once on this connection, and what came before is in the spool
    std::optional<Error> failing;
    bool same_failure(const SpoolReport& other) const;
    bool operator==(const SpoolReport& other) const;
};

struct IntakeEvents {
    // Everything up to this ticket is durable: acknowledge it.
    std::function<void(std::uint64_t ticket)> durable;
    // There is more for the vault.
    std::function<void()> grown;
    std::function<void(const SpoolReport& report)> report;
    // More waits in memory than kMostQueuedBytes: the connection should end, the server keeps.
    std::function<void()> overflow;
};

class Intake {
public:
    static constexpr std::size_t kMostBatchCount = 512;
    static constexpr std::size_t kMostQueuedBytes = std::size_t{32} << 20;

    // The spool must outlive it.
    Intake(Spool& spool, IntakeEvents events);
    // What is queued is not acknowledged, so it is left to the server.
    ~Intake();
    Intake(const Intake&) = delete;
    Intake& operator=(const Intake&) = delete;

    // Tickets rise.
    void offer(std::uint64_t ticket, Envelope envelope);
    // The server's queue was empty after what has been offered.
    void queue_empty();
    // The connection ended: what is not in the spool comes again, and the server's queue unknown.
    void withdraw();

    using Done = std::function<void(Result<void> result)>;
    void set_epoch(std::uint64_t epoch, const spool::PublicKey& key, std::uint64_t committed,
                   Done done);
    void commit(std::uint64_t sequence);

private:
    struct Offered {
        std::uint64_t ticket = 0;
        Envelope envelope;
    };
    struct EpochChange {
        std::uint64_t epoch = 0;
        spool::PublicKey key{};
        std::uint64_t committed = 0;
        Done done;
    };

    void run();
    bool wait(std::unique_lock<std::mutex>& lock);
    void take_changes(std::unique_lock<std::mutex>& lock);
    void append_batch(std::unique_lock<std::mutex>& lock);
    void failed(const Error& error);
    void tidy(std::unique_lock<std::mutex>& lock);
    void report(std::unique_lock<std::mutex>& lock);

    Spool& spool_;
    IntakeEvents events_;

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Offered> queue_;
    std::size_t queued_bytes_ = 0;
    std::uint64_t withdrawn_ = 0;  // counts withdraw()
    bool overflowed_ = false;
    std::optional<std::uint64_t> empty_after_;  // ticket after which the server's queue was empty
    std::uint64_t last_offered_ = 0;
    std::uint64_t last_durable_ = 0;
    std::deque<EpochChange> epochs_;
    std::uint64_t committed_ = 0;
    bool committed_changed_ = false;
    bool stop_ = false;
    std::optional<Error> failing_;
    std::int64_t retry_at_ms_ = 0;
    std::int64_t retry_delay_ms_ = 0;
    std::size_t batch_limit_ = kMostBatchCount;
    std::int64_t tidy_delay_ms_ = 2000;
    std::optional<SpoolReport> reported_;

    std::thread thread_;
};

}  // namespace nacre::courier
