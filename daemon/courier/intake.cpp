#include "daemon/courier/intake.h"

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>

#include "api/base/log.h"

namespace nacre::courier {
namespace {

constexpr std::size_t kMostBatchBytes = std::size_t{4} << 20;
constexpr std::int64_t kFirstRetryMs = 1000;
constexpr std::int64_t kLastRetryMs = 60'000;
constexpr std::int64_t kQuietMs = 2000;

std::int64_t now_ms() { return system_clock().boot_ms(); }

void make_room(Spool& spool) {
    // If this fails, so does the append that follows, and says why.
    static_cast<void>(spool.tidy().ok());
}

}  // namespace

bool SpoolReport::same_failure(const SpoolReport& other) const {
    if (failing.has_value() != other.failing.has_value()) return false;
    return !failing || (failing->code == other.failing->code &&
                        std::string_view{failing->name} == other.failing->name);
}

bool SpoolReport::operator==(const SpoolReport& other) const {
    return waiting == other.waiting && queue_empty == other.queue_empty && same_failure(other);
}

Intake::Intake(Spool& spool, IntakeEvents events) : spool_{spool}, events_{std::move(events)} {
    thread_ = std::thread{[this] { run(); }};
}

Intake::~Intake() {
    {
        const std::lock_guard lock{mutex_};
        stop_ = true;
    }
    changed_.notify_all();
    thread_.join();
}

void Intake::offer(std::uint64_t ticket, Envelope envelope) {
    bool overflow = false;
    {
        const std::lock_guard lock{mutex_};
        queued_bytes_ += envelope.bytes.size();
        last_offered_ = ticket;
        queue_.push_back({ticket, std::move(envelope)});
        overflow = queued_bytes_ > kMostQueuedBytes && !std::exchange(overflowed_, true);
        if (queue_.size() > 1 && !overflow) return;  // the thread is awake, or waits on purpose
    }
    changed_.notify_all();
    if (overflow) events_.overflow();
}

void Intake::queue_empty() {
    {
        const std::lock_guard lock{mutex_};
        if (!empty_after_) empty_after_ = last_offered_;
    }
    changed_.notify_all();
}

void Intake::withdraw() {
    {
        const std::lock_guard lock{mutex_};
        ++withdrawn_;
        queue_.clear();
        queued_bytes_ = 0;
        overflowed_ = false;
        empty_after_.reset();
        last_offered_ = last_durable_;
    }
    changed_.notify_all();
}

void Intake::set_epoch(std::uint64_t epoch, const spool::PublicKey& key, std::uint64_t committed,
                       Done done) {
    {
        const std::lock_guard lock{mutex_};
        // An older copy of the vault is owed what the one before it had.
        committed_ = committed;
        epochs_.push_back({epoch, key, committed, std::move(done)});
    }
    changed_.notify_all();
}

void Intake::commit(std::uint64_t sequence) {
    {
        const std::lock_guard lock{mutex_};
        committed_ = std::max(committed_, sequence);
        committed_changed_ = true;
    }
    changed_.notify_all();
}

void Intake::run() {
    std::unique_lock lock{mutex_};
    report(lock);
    while (wait(lock)) {
        take_changes(lock);
        append_batch(lock);
        report(lock);
    }
    lock.unlock();
    if (const auto tidied = spool_.tidy(); !tidied.ok())
        log::write(log::Level::warning, "cannot tidy the spool", tidied.error());
}

// False: stop.
bool Intake::wait(std::unique_lock<std::mutex>& lock) {
    const auto due = [this] {
        if (stop_ || !epochs_.empty() || committed_changed_) return true;
        if (reported_ && reported_->queue_empty != (empty_after_ && *empty_after_ <= last_durable_))
            return true;
        return !queue_.empty() && (!failing_ || now_ms() >= retry_at_ms_);
    };
    while (!due()) {
        if (failing_ && !queue_.empty()) {
            changed_.wait_for(lock, std::chrono::milliseconds{retry_at_ms_ - now_ms()});
        } else if (spool_.untidy()) {
            const std::chrono::milliseconds quiet{tidy_delay_ms_};
            if (!changed_.wait_for(lock, quiet, due)) tidy(lock);
        } else {
            changed_.wait(lock);
        }
    }
    return !stop_;
}

void Intake::take_changes(std::unique_lock<std::mutex>& lock) {
    const bool commit = std::exchange(committed_changed_, false);
    const std::uint64_t committed = committed_;
    std::deque<EpochChange> epochs = std::exchange(epochs_, {});
    // Either may have made room, or a key.
    if (commit || !epochs.empty()) retry_at_ms_ = 0;
    const bool failing = failing_.has_value();
    lock.unlock();
    if (commit) spool_.commit(committed);
    // A committed newest segment may be what fills the quota.
    if (commit && failing) make_room(spool_);
    for (EpochChange& change : epochs)
        change.done(spool_.set_epoch(change.epoch, change.key, change.committed));
    lock.lock();
}

void Intake::append_batch(std::unique_lock<std::mutex>& lock) {
    if (queue_.empty() || (failing_ && now_ms() < retry_at_ms_)) return;
    std::vector<Envelope> batch;
    std::vector<std::uint64_t> tickets;
    std::size_t bytes = 0;
    while (!queue_.empty() && batch.size() < batch_limit_ && bytes < kMostBatchBytes) {
        bytes += queue_.front().envelope.bytes.size();
        tickets.push_back(queue_.front().ticket);
        batch.push_back(std::move(queue_.front().envelope));
        queue_.pop_front();
    }
    const std::uint64_t withdrawn = withdrawn_;
    lock.unlock();
    Result<void> appended = spool_.append(batch);
    if (!appended.ok() && spool_.untidy()) {
        // What the vault has already must not be what there is no room for.
        make_room(spool_);
        appended = spool_.append(batch);
    }
    if (appended.ok()) {
        events_.durable(tickets.back());
        events_.grown();
    }
    lock.lock();
    if (appended.ok()) {
        failing_.reset();
        retry_delay_ms_ = 0;
        batch_limit_ = std::min(kMostBatchCount, batch_limit_ * 2);
        last_durable_ = tickets.back();
        if (withdrawn == withdrawn_) queued_bytes_ -= bytes;
        return;
    }
    if (batch.size() > 1)
        batch_limit_ = batch.size() / 2;  // what does not fit as a whole may fit in part, at once
    else
        failed(appended.error());
    if (withdrawn != withdrawn_) return;  // comes again with the next connection
    for (std::size_t i = batch.size(); i > 0; --i)
        queue_.push_front({tickets[i - 1], std::move(batch[i - 1])});
}

void Intake::failed(const Error& error) {
    if (!failing_) log::write(log::Level::error, "the spool fails, nothing is acknowledged", error);
    failing_ = error;
    retry_delay_ms_ = std::clamp(retry_delay_ms_ * 2, kFirstRetryMs, kLastRetryMs);
    retry_at_ms_ = now_ms() + retry_delay_ms_;
}

void Intake::tidy(std::unique_lock<std::mutex>& lock) {
    lock.unlock();
    const auto tidied = spool_.tidy();
    lock.lock();
    tidy_delay_ms_ = tidied.ok() ? kQuietMs : kLastRetryMs;
    if (!tidied.ok()) log::write(log::Level::warning, "cannot tidy the spool", tidied.error());
}

void Intake::report(std::unique_lock<std::mutex>& lock) {
    // A failure with nothing left to append, after a withdrawal, is over when an append succeeds.
    const SpoolReport now{spool_.waiting(), empty_after_ && *empty_after_ <= last_durable_,
                          failing_};
    if (reported_ && *reported_ == now) return;
    reported_ = now;
    lock.unlock();
    events_.report(now);
    lock.lock();
}

}  // namespace nacre::courier
