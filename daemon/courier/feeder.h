// Feeder: sends the vault what it has not asked for: spool records within its credit, and how
// spool and connection fare.
//
// Layer:   daemon/courier.
// Secrets: sealed records pass through.
// Errors:  a link that fails is left; the next one starts again from the oldest kept segment.
// Threads: own thread, which alone waits when the link is full; all functions from any.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "daemon/courier/intake.h"
#include "daemon/courier/spool_cursor.h"
#include "daemon/link/channel.h"
#include "sandbox/in_force.h"

namespace nacre::courier {

class Feeder {
public:
    // `sandbox` goes with every status of the spool.
    explicit Feeder(const Spool& spool, const sandbox::InForce& sandbox = {});
    ~Feeder();
    Feeder(const Feeder&) = delete;
    Feeder& operator=(const Feeder&) = delete;

    // The link there was is gone, if there was one, and with it its credit; the next one begins
    // at the oldest kept segment. Called before the next is opened, because its first credit may
    // come before attach().
    void detach();
    void attach(std::shared_ptr<link::Channel> channel);

    // In units of spool::credit_cost.
    void credit(std::uint64_t count);
    void grown();
    void set_spool(const SpoolReport& report);
    void set_connection(const v1::ConnectionStatus& status);
    void set_credential(v1::ConnectionStatus::Credential credential);

private:
    void run();
    bool due_status() const;
    bool could_send() const;
    bool due_record() const;
    std::int64_t status_wait_ms() const;
    void send_status(std::unique_lock<std::mutex>& lock);
    void send_records(std::unique_lock<std::mutex>& lock);
    struct Sent {
        std::uint64_t spent = 0;
        bool at_end = false;
    };
    Result<Sent> send_some(link::Channel& channel, std::uint64_t credit);

    const Spool& spool_;
    const sandbox::InForce sandbox_;

    std::mutex mutex_;
    std::condition_variable changed_;
    bool stop_ = false;
    std::shared_ptr<link::Channel> channel_;
    std::uint64_t link_ = 0;  // counts detach()
    std::uint64_t credit_ = 0;
    std::uint64_t needed_ = 1;  // for the next item
    std::int64_t retry_at_ms_ = 0;  // when the cursor was stuck
    bool more_ = false;  // the cursor may not be at the end
    std::optional<SpoolReport> spool_report_;
    std::optional<v1::ConnectionStatus> connection_;
    v1::ConnectionStatus::Credential credential_ = v1::ConnectionStatus::CREDENTIAL_NONE;
    bool spool_due_ = false;
    bool connection_due_ = false;
    bool spool_urgent_ = false;
    std::int64_t spool_sent_ms_ = 0;

    // The own thread's.
    SpoolCursor cursor_;
    std::optional<SpoolItem> held_;  // taken from the cursor, not sent
    std::uint64_t cursor_link_ = 0;

    std::thread thread_;
};

}  // namespace nacre::courier
