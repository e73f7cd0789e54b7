#include "daemon/vaultd/outgoing.h"

#include <sodium.h>

#include <map>
#include <utility>

namespace nacre::vaultd {
namespace {

// A receipt or read sync names at most this many messages, to stay far below the server's limit.
constexpr std::size_t kMostTimestamps = 500;
// Within it each held receipt goes out.
constexpr std::uint32_t kSpreadMs = 60 * 60 * 1000;

Result<void> add(EngineState& state, vault::OutboxKind kind, const vault::ServiceId& to,
                 const wire::Content& content, std::int64_t timestamp_ms,
                 std::optional<std::int64_t> message, bool urgent) {
    vault::OutboxEntry entry;
    entry.kind = kind;
    entry.destination = to;
    entry.message = message;
    entry.timestamp_ms = timestamp_ms;
    entry.urgent = urgent;
    entry.content = to_bytes(content.SerializeAsString());
    if (!NACRE_TRY(identity_accepted(state, to))) entry.state = vault::OutboxState::blocked_identity;
    NACRE_TRY(state.outbox.add(entry));
    return {};
}

wire::Content compose_text(const EngineState& state, const vault::ConversationRow& conversation,
                           std::string_view text, std::int64_t timestamp_ms) {
    wire::Content content;
    wire::DataMessage& data = *content.mutable_data_message();
    data.set_body(text.data(), text.size());
    data.set_timestamp(static_cast<std::uint64_t>(timestamp_ms));
    if (!state.account->profile_key.empty())
        data.set_profile_key(state.account->profile_key.data(), state.account->profile_key.size());
    if (conversation.expire_timer_s != 0) {
        data.set_expire_timer(conversation.expire_timer_s);
        data.set_expire_timer_version(conversation.expire_timer_version);
    }
    return content;
}

wire::Content compose_transcript(const vault::ServiceId& to, std::int64_t timestamp_ms,
                                 const wire::DataMessage& data, std::optional<bool> sealed) {
    wire::Content content;
    auto& sent = *content.mutable_sync_message()->mutable_sent();
    const Bytes binary = to_signal(to).to_binary();
    sent.set_destination_service_id_binary(binary.data(), binary.size());
    sent.set_timestamp(static_cast<std::uint64_t>(timestamp_ms));
    *sent.mutable_message() = data;
    if (sealed) {
        auto& status = *sent.add_unidentified_status();
        status.set_destination_service_id_binary(binary.data(), binary.size());
        status.set_unidentified(*sealed);
    }
    return content;
}

// The message of an earlier request with this id, if it asked for the same.
Result<std::optional<vault::Id>> find_request(EngineState& state,
                                              const vault::ConversationRow& conversation,
                                              std::string_view text, std::string_view request_id) {
    if (request_id.empty()) return std::optional<vault::Id>{};
    const auto found = NACRE_TRY(state.messages.find_client_request(request_id));
    if (!found) return std::optional<vault::Id>{};
    if (found->conversation != conversation.row || found->body != text)
        return Error{ErrorCode::already_exists, "client request id"};
    return std::optional{found->id};
}

// Only what was written asks for a read receipt; a call or a story does not.
Result<bool> takes_read_receipt(EngineState& state, std::int64_t order) {
    const auto row = NACRE_TRY(state.messages.find(order));
    if (!row || row->kind == vault::MessageKind::text) return true;
    const Bytes bytes = NACRE_TRY(state.messages.content(order));
    wire::Content content;
    return content.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) &&
           !content.has_call_message() && !content.has_story_message();
}

}  // namespace

Result<bool> identity_accepted(EngineState& state, const vault::ServiceId& remote) {
    const auto row = NACRE_TRY(state.protocol.identity(remote));
    return !row || row->accepted;
}

Result<vault::Id> queue_text(EngineState& state, const vault::ConversationRow& conversation,
                             std::string_view text, std::string_view client_request_id) {
    if (const auto earlier = NACRE_TRY(find_request(state, conversation, text, client_request_id)))
        return *earlier;
    if (!conversation.group_id.empty()) return Error{ErrorCode::unsupported, "send to a group"};
    const auto recipient = NACRE_TRY(state.recipients.find(conversation.recipient));
    const auto self = NACRE_TRY(state.recipients.find_aci(state.account->aci));
    if (!recipient || !self) return Error{ErrorCode::internal, "conversation without a recipient"};
    const auto to = recipient->service_id();
    if (!to) return Error{ErrorCode::unregistered, "recipient without a service id"};

    const std::int64_t now = state.clock.wall_ms();
    const std::int64_t timestamp = NACRE_TRY(state.messages.next_sent_timestamp(now));
    const wire::Content content = compose_text(state, conversation, text, timestamp);
    const std::string serialized = content.SerializeAsString();

    vault::NewMessage row;
    row.conversation = conversation.row;
    row.author = self->row;
    row.author_device = state.account->device_id;
    row.direction = vault::Direction::outgoing;
    row.state = NACRE_TRY(identity_accepted(state, *to)) ? vault::MessageState::pending
                                                         : vault::MessageState::blocked_identity;
    row.sent_ms = timestamp;
    row.received_ms = now;
    row.read = true;
    row.body = text;
    row.content = as_bytes(serialized);
    row.client_request_id = client_request_id;
    const auto inserted = NACRE_TRY(state.messages.insert(row));
    // What we write to ourselves exists on our devices alone: the transcript is the message.
    if (recipient->self)
        NACRE_TRY(add(state, vault::OutboxKind::transcript, *to,
                      compose_transcript(*to, timestamp, content.data_message(), std::nullopt), timestamp,
                      inserted.order, false));
    else
        NACRE_TRY(add(state, vault::OutboxKind::message, *to, content, timestamp, inserted.order, true));
    NACRE_TRY(state.note({vault::EventKind::message_sent, conversation.id, inserted.id, {}}));
    return inserted.id;
}

Result<void> queue_to_self(EngineState& state, vault::OutboxKind kind, const wire::Content& content) {
    return add(state, kind, to_vault(state.own_aci()), content, state.clock.wall_ms(), std::nullopt, false);
}

Result<void> queue_receipt(EngineState& state, const vault::ServiceId& to,
                           wire::ReceiptMessage::Type type, const std::vector<std::int64_t>& timestamps) {
    for (std::size_t start = 0; start < timestamps.size(); start += kMostTimestamps) {
        wire::Content content;
        auto& receipt = *content.mutable_receipt_message();
        receipt.set_type(type);
        const std::size_t end = std::min(start + kMostTimestamps, timestamps.size());
        for (std::size_t i = start; i < end; ++i)
            receipt.add_timestamp(static_cast<std::uint64_t>(timestamps[i]));
        NACRE_TRY(add(state, vault::OutboxKind::receipt, to, content, state.clock.wall_ms(), std::nullopt,
                      false));
    }
    return {};
}

Result<void> hold_late_receipts(EngineState& state, config::LateReceipts late, Delivered& delivered) {
    if (late == config::LateReceipts::at_once) return {};
    const Delivered held = std::exchange(delivered, {});
    if (late == config::LateReceipts::never) return {};
    for (const auto& [sender, timestamps] : held) {
        for (const std::int64_t timestamp : timestamps)
            NACRE_TRY(state.outbox.hold_receipt(
                {sender, timestamp}, state.clock.wall_ms() + 1 + randombytes_uniform(kSpreadMs)));
    }
    return {};
}

Result<std::size_t> queue_held_receipts(EngineState& state) {
    const auto due = NACRE_TRY(state.outbox.take_due_receipts(state.clock.wall_ms()));
    for (const auto& receipt : due)
        NACRE_TRY(queue_receipt(state, receipt.destination, wire::ReceiptMessage::DELIVERY,
                                {receipt.timestamp_ms}));
    return due.size();
}

Result<void> queue_transcript(EngineState& state, const vault::OutboxEntry& sent, bool sealed) {
    wire::Content content;
    if (!content.ParseFromArray(sent.content.data(), static_cast<int>(sent.content.size())))
        return Error{ErrorCode::internal, "outbox content"};
    return add(state, vault::OutboxKind::transcript, to_vault(state.own_aci()),
               compose_transcript(sent.destination, sent.timestamp_ms, content.data_message(), sealed),
               sent.timestamp_ms, std::nullopt, false);
}

Result<void> queue_read(EngineState& state, const std::vector<vault::ReadMessage>& read) {
    std::map<vault::ServiceId, std::vector<std::int64_t>> by_author;
    std::map<vault::ServiceId, std::vector<std::int64_t>> receipts;
    for (const vault::ReadMessage& message : read) {
        const auto author = NACRE_TRY(state.recipients.find(message.author));
        const auto id = author ? author->service_id() : std::nullopt;
        if (!id) continue;
        by_author[*id].push_back(message.sent_ms);
        if (state.account->configuration.read_receipts &&
            NACRE_TRY(takes_read_receipt(state, message.message.order)))
            receipts[*id].push_back(message.sent_ms);
    }
    wire::Content sync;
    const auto flush = [&]() -> Result<void> {
        if (sync.sync_message().read_size() == 0) return {};
        NACRE_TRY(queue_to_self(state, vault::OutboxKind::read_sync, sync));
        sync.Clear();
        return {};
    };
    for (const auto& [author, timestamps] : receipts)
        NACRE_TRY(queue_receipt(state, author, wire::ReceiptMessage::READ, timestamps));
    for (const auto& [author, timestamps] : by_author) {
        const Bytes binary = to_signal(author).to_binary();
        for (const std::int64_t timestamp : timestamps) {
            auto& entry = *sync.mutable_sync_message()->add_read();
            entry.set_timestamp(static_cast<std::uint64_t>(timestamp));
            entry.set_sender_aci_binary(binary.data(), binary.size());
            if (sync.sync_message().read_size() == static_cast<int>(kMostTimestamps)) NACRE_TRY(flush());
        }
    }
    return flush();
}

}  // namespace nacre::vaultd
