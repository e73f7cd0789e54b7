// OutboxStore: what is committed here and not yet accepted by the server, in order.
//
// Layer:   vault.
// Secrets: Content plaintext until the entry goes; ciphertext.
// Errors:  Database's; not_found.
// Threads: as its Database. Writing needs a transaction of the caller's.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "api/base/bytes.h"
#include "api/base/result.h"
#include "vault/database.h"
#include "vault/service_id.h"

namespace nacre::vault {

enum class OutboxKind : std::uint8_t {
    message = 1,
    transcript = 2,    // of a message, to the own devices
    receipt = 3,
    sync_request = 4,
    read_sync = 5,
    null_message = 6,
};

enum class OutboxState : std::uint8_t {
    needs_keys = 1,        // sessions are missing, or devices changed: encrypt (again) first
    encrypted = 2,         // the exact ciphertext stands beside it; retries send the same
    blocked_identity = 3,  // waits until the changed identity is accepted
    failed = 4,            // refused for good; stays until its message is removed
};

struct OutboxDevice {
    std::uint32_t device_id = 0;
    std::uint32_t registration_id = 0;
    std::uint32_t type = 0;  // envelope type on the wire: 1, 3, 6, 8
    bool sealed = false;
    Bytes ciphertext;
};

struct OutboxEntry {
    std::int64_t entry = 0;  // queue position; given by add()
    OutboxKind kind = OutboxKind::message;
    OutboxState state = OutboxState::needs_keys;
    ServiceId destination;
    std::optional<std::int64_t> message;  // MessageRow::order
    std::int64_t timestamp_ms = 0;
    bool urgent = true;
    bool online = false;
    Bytes content;  // Content plaintext, unpadded
    std::uint32_t attempts = 0;
    std::int64_t next_try_ms = 0;
    std::vector<OutboxDevice> devices{};
};

class OutboxStore {
public:
    explicit OutboxStore(Database& database) : database_{database} {}

    // Returns the entry's number: larger than any before.
    Result<std::int64_t> add(const OutboxEntry& entry);
    Result<std::optional<OutboxEntry>> find(std::int64_t entry);
    // The oldest that may go now: needs_keys or encrypted, next_try at or before now, nothing older
    // waiting for the same destination, so that each destination keeps its order.
    Result<std::optional<OutboxEntry>> next(std::int64_t now_ms);
    // When next() will have something; empty: not before something changes.
    Result<std::optional<std::int64_t>> next_try_ms();
    // Replaces the ciphertext; the state becomes encrypted.
    Result<void> set_encrypted(std::int64_t entry, const std::vector<OutboxDevice>& devices);
    // Leaving encrypted drops the ciphertext.
    Result<void> set_state(std::int64_t entry, OutboxState state);
    // One more attempt has failed; try again at the time.
    Result<void> postpone(std::int64_t entry, std::int64_t next_try_ms);
    // Everything may be tried now: the connection is back.
    Result<void> retry_all_now();
    // Returns the messages (orders) whose entries wait for keys again.
    Result<std::vector<std::int64_t>> unblock(const ServiceId& destination);
    // A delivery receipt for the message of this time, to be queued later.
    struct HeldReceipt {
        ServiceId destination;
        std::int64_t timestamp_ms = 0;
    };
    Result<void> hold_receipt(const HeldReceipt& receipt, std::int64_t due_ms);
    // Those that are due, at most a hundred; they are held no more.
    Result<std::vector<HeldReceipt>> take_due_receipts(std::int64_t now_ms);
    // Accepted by the server.
    Result<void> remove(std::int64_t entry);
    // Entries of any kind for the message: 0 means that it is sent everywhere.
    Result<std::uint32_t> count_for_message(std::int64_t message);
    // Those not failed.
    Result<std::uint64_t> count();

private:
    Result<OutboxEntry> with_devices(OutboxEntry entry);
    Result<void> insert_devices(std::int64_t entry, const std::vector<OutboxDevice>& devices);
    Result<void> remove_devices(std::int64_t entry);

    Database& database_;
};

}  // namespace nacre::vault
