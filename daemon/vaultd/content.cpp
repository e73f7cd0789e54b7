#include "daemon/vaultd/content.h"

#include "daemon/libsignal/session.h"
#include "daemon/vaultd/signal_stores.h"
#include "daemon/vaultd/sync.h"

namespace nacre::vaultd {
namespace {

using vault::Direction;
using vault::EventKind;
using vault::MessageKind;
using vault::MessageState;

constexpr std::size_t kProfileKeyBytes = 32;

Result<void> apply_receipt(EngineState& state, const vault::RecipientRow& from, std::int64_t sent_ms,
                           vault::ReceiptKind kind) {
    const auto change =
        NACRE_TRY(state.messages.apply_receipt(from.row, sent_ms, kind, state.clock.wall_ms()));
    if (change)
        NACRE_TRY(state.note({EventKind::message_state, change->conversation_id, change->message.id, {}}));
    return {};
}

Result<void> apply_receipts(EngineState& state, const vault::RecipientRow& from,
                            const wire::ReceiptMessage& receipt) {
    const auto kind = receipt.type() == wire::ReceiptMessage::DELIVERY ? vault::ReceiptKind::delivered
                                                                       : vault::ReceiptKind::read;
    for (const std::uint64_t timestamp : receipt.timestamp())
        NACRE_TRY(apply_receipt(state, from, static_cast<std::int64_t>(timestamp), kind));
    return {};
}

Result<void> end_session(EngineState& state, const signal::Address& sender) {
    const vault::ServiceId service = to_vault(sender.service);
    if (!state.session_resets.take(service, state.clock.boot_ms())) return {};
    return state.protocol.remove_session(vault::OwnIdentity::aci, service, sender.device);
}

Result<void> apply_data(EngineState& state, const Decrypted& message, const vault::RecipientRow& from,
                        const wire::DataMessage& data, std::int64_t received_ms, BatchEffects& effects) {
    if (data.profile_key().size() == kProfileKeyBytes &&
        !equal(from.profile_key, as_bytes(data.profile_key())))
        NACRE_TRY(state.recipients.set_profile_key(from.row, as_bytes(data.profile_key())));
    if (data.has_timestamp() && static_cast<std::int64_t>(data.timestamp()) != message.client_ms)
        return Error{ErrorCode::bad_message, "timestamps of message and envelope differ"};
    if (message.sealed) effects.delivered[to_vault(message.sender.service)].push_back(message.client_ms);
    if ((data.flags() & wire::DataMessage::END_SESSION) != 0) return end_session(state, message.sender);
    if ((data.flags() & wire::DataMessage::PROFILE_KEY_UPDATE) != 0) return {};

    const auto conversation = NACRE_TRY(conversation_of(state, data, from.row));
    vault::NewMessage row;
    row.conversation = conversation.row;
    row.author = from.row;
    row.author_device = message.sender.device;
    row.kind = kind_of(data);
    row.sent_ms = message.client_ms;
    row.server_ms = message.server_ms;
    row.received_ms = received_ms;
    row.body = data.body();
    row.content = message.content;
    const auto inserted = NACRE_TRY(state.messages.insert(row));
    return state.note({EventKind::message_received, conversation.id, inserted.id, from.id});
}

// Kept as it came, for a nacre that knows more.
Result<void> keep_unsupported(EngineState& state, const Decrypted& message,
                              const vault::RecipientRow& from,
                              const vault::ConversationRow& conversation, std::int64_t received_ms) {
    vault::NewMessage row;
    row.conversation = conversation.row;
    row.author = from.row;
    row.author_device = message.sender.device;
    row.kind = MessageKind::unsupported;
    row.sent_ms = message.client_ms;
    row.server_ms = message.server_ms;
    row.received_ms = received_ms;
    row.content = message.content;
    const auto inserted = NACRE_TRY(state.messages.insert(row));
    return state.note({EventKind::message_received, conversation.id, inserted.id, from.id});
}

// What means nothing afterwards. Of a call only the offer, which rings, is kept; what follows it (ICE,
// answer, busy, hangup) is of no use without it. A group's call is told by a data message.
bool is_passing(const wire::Content& content) {
    if (content.has_call_message()) return !content.call_message().has_offer();
    if (content.has_story_message() || content.has_edit_message()) return false;
    return content.has_typing_message() || content.has_null_message() ||
           content.has_decryption_error_message() || content.has_sender_key_distribution_message() ||
           content.has_pni_signature_message();
}

}  // namespace

MessageKind kind_of(const wire::DataMessage& data) {
    const bool more = data.has_reaction() || data.has_delete_() || data.has_sticker() ||
                      data.has_payment() || data.has_poll_create() || data.has_poll_terminate() ||
                      data.has_poll_vote() || data.has_pin_message() || data.has_unpin_message() ||
                      data.has_admin_delete() || data.has_group_call_update() || data.has_gift_badge();
    return !data.body().empty() && !more ? MessageKind::text : MessageKind::unsupported;
}

Result<vault::ConversationRow> conversation_of(EngineState& state, const wire::DataMessage& data,
                                               std::int64_t other) {
    if (data.group_v2().master_key().size() == 32)
        return state.conversations.ensure_group(as_bytes(data.group_v2().master_key()));
    return state.conversations.ensure_recipient(other);
}

Result<vault::ConversationRow> conversation_of(EngineState& state, const wire::StoryMessage& story,
                                               std::int64_t other) {
    if (story.group().master_key().size() == 32)
        return state.conversations.ensure_group(as_bytes(story.group().master_key()));
    return state.conversations.ensure_recipient(other);
}

Result<void> apply_content(EngineState& state, const Decrypted& message, std::int64_t received_ms,
                           BatchEffects& effects) {
    const auto from = NACRE_TRY(state.recipients.ensure(to_vault(message.sender.service)));
    if (message.receipt_only)
        return apply_receipt(state, from, message.client_ms, vault::ReceiptKind::delivered);

    wire::Content content;
    if (!content.ParseFromArray(message.content.data(), static_cast<int>(message.content.size())))
        return Error{ErrorCode::bad_message, "content does not parse"};
    // In the clear, anybody on the way could have written it.
    if (message.plaintext) return {};
    effects.used_pre_key = effects.used_pre_key || message.used_pre_key;

    if (content.has_sender_key_distribution_message())
        NACRE_TRY(signal::process_sender_key_distribution(
            state.host, *state.aci, message.sender, as_bytes(content.sender_key_distribution_message())));
    if (content.has_data_message())
        return apply_data(state, message, from, content.data_message(), received_ms, effects);
    if (content.has_sync_message()) {
        if (message.sender.service != state.own_aci() || message.to_pni)
            return Error{ErrorCode::bad_message, "sync message from somebody else"};
        return apply_sync(state, message, content.sync_message(), received_ms, effects);
    }
    if (content.has_receipt_message()) return apply_receipts(state, from, content.receipt_message());
    if (is_passing(content)) return {};
    const auto conversation = NACRE_TRY(conversation_of(state, content.story_message(), from.row));
    return keep_unsupported(state, message, from, conversation, received_ms);
}

}  // namespace nacre::vaultd
