#include "daemon/courier/feeder.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "daemon/link/failed.h"

namespace nacre::courier {
namespace {

constexpr std::int64_t kStatusEveryMs = 200;
constexpr std::int64_t kRetryMs = 1000;
constexpr int kMostAtOnce = 128;  // items between two looks at what else is due

std::int64_t now_ms() { return system_clock().boot_ms(); }

link::Frame status_frame(const SpoolReport& report, const sandbox::InForce& in_force) {
    link::Frame frame;
    v1::SpoolStatus& status = *frame.mutable_spool_status();
    status.set_waiting(report.waiting);
    status.set_queue_empty(report.queue_empty);
    if (report.failing) *status.mutable_failed() = link::to_failed(*report.failing);
    v1::Sandbox& sandbox = *status.mutable_sandbox();
    sandbox.set_filter(static_cast<std::uint32_t>(in_force.filter));
    sandbox.set_landlock(static_cast<std::uint32_t>(in_force.landlock));
    sandbox.set_refuses_written_code(in_force.refuses_written_code);
    sandbox.set_hides_buses(in_force.hides_buses);
    return frame;
}

std::uint64_t cost(const SpoolItem& item) {
    return item.kind == SpoolItem::Kind::header ? 0 : spool::credit_cost(item.bytes.size());
}

link::Frame item_frame(SpoolItem item) {
    link::Frame frame;
    switch (item.kind) {
        case SpoolItem::Kind::header:
            frame.mutable_spool_segment()->set_header(to_string(item.bytes));
            break;
        case SpoolItem::Kind::record:
            frame.mutable_spool_record()->set_sequence(item.first);
            frame.mutable_spool_record()->set_sealed(to_string(item.bytes));
            break;
        case SpoolItem::Kind::lost:
            frame.mutable_spool_lost()->set_first(item.first);
            frame.mutable_spool_lost()->set_last(item.last);
            break;
    }
    return frame;
}

}  // namespace

Feeder::Feeder(const Spool& spool, const sandbox::InForce& sandbox)
    : spool_{spool}, sandbox_{sandbox}, cursor_{spool} {
    thread_ = std::thread{[this] { run(); }};
}

Feeder::~Feeder() {
    {
        const std::lock_guard lock{mutex_};
        stop_ = true;
    }
    changed_.notify_all();
    thread_.join();
}

void Feeder::detach() {
    std::shared_ptr<link::Channel> last;  // ends outside the lock
    const std::lock_guard lock{mutex_};
    std::swap(channel_, last);
    ++link_;
    credit_ = 0;
    needed_ = 1;
}

void Feeder::attach(std::shared_ptr<link::Channel> channel) {
    {
        const std::lock_guard lock{mutex_};
        channel_ = std::move(channel);
        more_ = true;
        connection_due_ = connection_.has_value();
        spool_due_ = spool_urgent_ = spool_report_.has_value();
    }
    changed_.notify_all();
}

void Feeder::credit(std::uint64_t count) {
    {
        const std::lock_guard lock{mutex_};
        constexpr std::uint64_t kMost = 1'000'000;  // a sum that does not overflow
        credit_ = std::min(kMost, credit_ + std::min(kMost, count));
    }
    changed_.notify_all();
}

void Feeder::grown() {
    {
        const std::lock_guard lock{mutex_};
        if (std::exchange(more_, true)) return;
    }
    changed_.notify_all();
}

void Feeder::set_spool(const SpoolReport& report) {
    {
        const std::lock_guard lock{mutex_};
        const bool counts_only =
            spool_report_ && spool_report_->queue_empty == report.queue_empty &&
            spool_report_->same_failure(report) && report.waiting != 0;
        spool_report_ = report;
        spool_due_ = true;
        spool_urgent_ = spool_urgent_ || !counts_only;
    }
    changed_.notify_all();
}

void Feeder::set_connection(const v1::ConnectionStatus& status) {
    {
        const std::lock_guard lock{mutex_};
        connection_ = status;
        connection_->set_credential(credential_);
        connection_due_ = true;
    }
    changed_.notify_all();
}

void Feeder::set_credential(v1::ConnectionStatus::Credential credential) {
    {
        const std::lock_guard lock{mutex_};
        credential_ = credential;
        if (!connection_) return;  // goes with it
        connection_->set_credential(credential_);
        connection_due_ = true;
    }
    changed_.notify_all();
}

std::int64_t Feeder::status_wait_ms() const {
    return spool_urgent_ ? 0 : spool_sent_ms_ + kStatusEveryMs - now_ms();
}

bool Feeder::due_status() const {
    return channel_ && (connection_due_ || (spool_due_ && status_wait_ms() <= 0));
}

bool Feeder::could_send() const { return channel_ && credit_ >= needed_ && more_; }

bool Feeder::due_record() const { return could_send() && now_ms() >= retry_at_ms_; }

void Feeder::run() {
    std::unique_lock lock{mutex_};
    while (!stop_) {
        if (due_status()) {
            send_status(lock);
        } else if (due_record()) {
            send_records(lock);
        } else if (channel_ && spool_due_) {
            changed_.wait_for(lock, std::chrono::milliseconds{status_wait_ms()});
        } else if (could_send()) {
            changed_.wait_for(lock, std::chrono::milliseconds{retry_at_ms_ - now_ms()});
        } else {
            changed_.wait(lock);
        }
    }
}

void Feeder::send_status(std::unique_lock<std::mutex>& lock) {
    const std::shared_ptr<link::Channel> channel = channel_;
    const std::uint64_t link = link_;
    std::vector<link::Frame> frames;
    if (std::exchange(connection_due_, false)) {
        frames.emplace_back();
        *frames.back().mutable_connection_status() = *connection_;
    }
    if (spool_due_ && status_wait_ms() <= 0) {
        spool_due_ = spool_urgent_ = false;
        spool_sent_ms_ = now_ms();
        frames.push_back(status_frame(*spool_report_, sandbox_));
    }
    lock.unlock();
    bool ended = false;
    for (const link::Frame& frame : frames) ended = ended || !channel->post(frame).ok();
    lock.lock();
    if (ended && link == link_) channel_.reset();
}

void Feeder::send_records(std::unique_lock<std::mutex>& lock) {
    const std::shared_ptr<link::Channel> channel = channel_;
    const std::uint64_t link = link_;
    const std::uint64_t credit = credit_;
    more_ = false;  // before the cursor looks: what grows meanwhile sets it again
    lock.unlock();
    if (std::exchange(cursor_link_, link) != link) {
        cursor_ = SpoolCursor{spool_};
        held_.reset();
    }
    const auto sent = send_some(*channel, credit);
    lock.lock();
    if (link != link_) return;
    if (!sent.ok()) {
        channel_.reset();
        return;
    }
    credit_ -= sent->spent;
    needed_ = held_ ? cost(*held_) : 1;
    more_ = more_ || !sent->at_end;
    if (cursor_.stuck()) {
        more_ = true;
        retry_at_ms_ = now_ms() + kRetryMs;
    }
}

// Stops at an item that the credit is too small for, and holds it.
Result<Feeder::Sent> Feeder::send_some(link::Channel& channel, std::uint64_t credit) {
    Sent sent;
    for (int count = 0; count < kMostAtOnce; ++count) {
        if (!held_) held_ = cursor_.next();
        if (!held_) {
            sent.at_end = true;
            break;
        }
        if (sent.spent + cost(*held_) > credit) break;
        sent.spent += cost(*held_);
        SpoolItem item = std::move(*held_);
        held_.reset();
        NACRE_TRY(channel.post(item_frame(std::move(item))));
    }
    return sent;
}

}  // namespace nacre::courier
