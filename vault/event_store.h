// EventStore: what happened, in order, as ids.
//
// Layer:   vault.
// Secrets: none; ids say nothing. Content never enters.
// Errors:  Database's.
// Threads: as its Database. append needs a transaction of the caller's, the one that makes the
//          thing happen: so numbers have no gaps, and an event stands for something committed.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "api/base/result.h"
#include "vault/database.h"
#include "vault/id.h"

namespace nacre::vault {

// Values as nacre.v1.Event.Kind.
enum class EventKind : std::uint8_t {
    message_received = 1,
    message_sent = 2,
    message_state = 3,
    messages_read = 4,
    conversation_changed = 5,
    contacts_changed = 6,
    identity_changed = 7,
    envelope_quarantined = 8,
    envelope_rejected = 9,
    spool_damaged = 10,
    account_changed = 11,
    connection_changed = 12,
    clock_went_back = 13,
    queue_empty = 14,
};

// Of spool_damaged: the records from `first` to `last` are lost; last 0: none is, but the chain is
// broken before `first`.
struct SpoolGap {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    bool operator==(const SpoolGap&) const = default;
};

struct NewEvent {
    EventKind kind;
    std::optional<Id> conversation;
    std::optional<Id> message;
    std::optional<Id> recipient;
    std::optional<SpoolGap> gap = {};
};

struct EventRow {
    std::uint64_t sequence = 0;
    std::int64_t at_ms = 0;
    EventKind kind{};
    std::optional<Id> conversation;
    std::optional<Id> message;
    std::optional<Id> recipient;
    std::optional<SpoolGap> gap;
};

class EventStore {
public:
    explicit EventStore(Database& database) : database_{database} {}

    // Returns the event's sequence number.
    Result<std::uint64_t> append(const NewEvent& event, std::int64_t now_ms);
    // At most `limit`, ascending, beginning with after + 1.
    Result<std::vector<EventRow>> list(std::uint64_t after, std::uint32_t limit);
    // 0: none yet.
    Result<std::uint64_t> last_sequence();

private:
    Database& database_;
};

}  // namespace nacre::vault
