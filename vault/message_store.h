// MessageStore: messages, who has received and read them, and the local order.
//
// Layer:   vault. Knows nothing of protobuf: Content is bytes.
// Secrets: message text, Content, and the times; never logged.
// Errors:  Database's; already_exists (client request id), not_found, invalid_argument (token).
// Threads: as its Database. Writing needs a transaction of the caller's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/base/bytes.h"
#include "api/base/result.h"
#include "vault/database.h"
#include "vault/id.h"
#include "vault/page.h"

namespace nacre::vault {

// Values of the three as in nacre.v1.Message.
enum class Direction : std::uint8_t { incoming = 1, outgoing = 2 };

enum class MessageState : std::uint8_t {
    received = 1,
    pending = 2,
    blocked_identity = 3,
    failed = 4,
    sent = 5,
    delivered = 6,
    read = 7,
};

enum class MessageKind : std::uint8_t { text = 1, unsupported = 2 };

enum class ReceiptKind : std::uint8_t { delivered = 1, read = 2 };

struct NewMessage {
    std::int64_t conversation = 0;  // ConversationRow::row
    std::int64_t author = 0;        // RecipientRow::row
    std::uint32_t author_device = 0;
    Direction direction = Direction::incoming;
    MessageState state = MessageState::received;
    MessageKind kind = MessageKind::text;
    std::int64_t sent_ms = 0;
    std::int64_t server_ms = 0;  // 0: own ones
    std::int64_t received_ms = 0;
    bool read = false;           // outgoing ones always are
    std::string_view body;
    ByteView content;            // the decrypted Content, unknown fields included
    std::string_view client_request_id;  // empty: none
};

struct MessageRow {
    std::int64_t order = 0;  // larger is later; also the row
    Id id;
    std::int64_t conversation = 0;
    Id conversation_id;
    std::int64_t author = 0;
    std::uint32_t author_device = 0;
    Direction direction = Direction::incoming;
    MessageState state = MessageState::received;
    MessageKind kind = MessageKind::text;
    std::int64_t sent_ms = 0;
    std::int64_t server_ms = 0;
    std::int64_t received_ms = 0;
    std::int64_t read_ms = 0;  // 0: unread
    std::string body;
    std::string client_request_id;
    std::string failure;  // with failed: an ErrorCode's name
};

struct MessageRef {
    std::int64_t order = 0;
    Id id;
};

struct MessagePage {
    std::vector<MessageRow> messages;
    std::string next_token;
};

// A message that mark_read turned: what the receipts and the read sync are made of.
struct ReadMessage {
    MessageRef message;
    std::int64_t author = 0;
    std::int64_t sent_ms = 0;
};

// What a receipt changed.
struct StateChange {
    MessageRef message;
    Id conversation_id;
    MessageState state = MessageState::sent;
};

struct ReceiptRow {
    std::int64_t recipient = 0;
    std::int64_t delivered_ms = 0;  // 0: not
    std::int64_t read_ms = 0;
};

class MessageStore {
public:
    explicit MessageStore(Database& database) : database_{database} {}

    // Also moves the conversation's last message and unread count, and applies what was told of it
    // earlier: receipts, and that another own device has read it. already_exists when the client request id is taken. The search index follows with
    // Search::index_new, once before the commit.
    Result<MessageRef> insert(const NewMessage& message);

    Result<std::optional<MessageRow>> find(const Id& id);
    Result<std::optional<MessageRow>> find(std::int64_t order);
    Result<std::optional<MessageRow>> find_client_request(std::string_view client_request_id);
    // The newest of the author's with this sent timestamp.
    Result<std::optional<MessageRow>> find_sent(std::int64_t author, std::int64_t sent_ms);
    Result<Bytes> content(std::int64_t order);
    // Latest first; pages of at most 500.
    Result<MessagePage> list(const Id& conversation_id, const PageRequest& page);
    Result<std::uint64_t> count();

    // The timestamp for a message of ours: now, but always later than the one before.
    Result<std::int64_t> next_sent_timestamp(std::int64_t now_ms);

    // Never backwards: a message that was delivered does not become sent again. True: changed.
    Result<bool> set_state(std::int64_t order, MessageState state);
    Result<bool> set_failed(std::int64_t order, ErrorCode why);

    // Other text and content in place of the present ones; order, id, times and state stay.
    Result<void> edit(std::int64_t order, std::string_view body, ByteView content);

    // Everything incoming in the conversation up to and including `order` that was unread.
    Result<std::vector<ReadMessage>> mark_read(std::int64_t conversation, std::int64_t order,
                                               std::int64_t now_ms);

    // A receipt by `recipient` for our message with this timestamp. Kept for later, empty result,
    // when there is no such message yet; empty result too when it changes no state.
    Result<std::optional<StateChange>> apply_receipt(std::int64_t recipient, std::int64_t sent_ms,
                                                     ReceiptKind kind, std::int64_t at_ms);
    Result<std::vector<ReceiptRow>> receipts(std::int64_t order);
    // Another own device has read the author's message of this time, which is not here yet: it will
    // be read when it is inserted.
    Result<void> keep_early_read(std::int64_t author, std::int64_t sent_ms, std::int64_t at_ms);
    // Receipts and reads whose message never came. Returns how many.
    Result<std::uint32_t> purge_early_receipts(std::int64_t before_ms);

    // Content, index entries, receipts and outbox entries go with it. not_found when not there.
    Result<void> remove(const Id& id);

private:
    Result<void> update_conversation(const NewMessage& message, std::int64_t order, bool unread);
    Result<bool> take_early_read(std::int64_t author, std::int64_t sent_ms);
    Result<void> apply_early_receipts(std::int64_t sent_ms);

    Database& database_;
    IdSeries ids_;
};

}  // namespace nacre::vault
