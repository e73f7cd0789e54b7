#include "daemon/vaultd/present.h"

#include "api/status_map.h"

namespace nacre::vaultd {
namespace {

// The store keeps an ErrorCode's name; the API speaks of reasons.
std::string failure_reason(std::string_view name) {
    for (int i = 0; i < kErrorCodeCount; ++i) {
        const auto code = static_cast<ErrorCode>(i);
        if (to_string(code) == name) return std::string{api::reason(code)};
    }
    return std::string{api::reason(ErrorCode::internal)};
}

}  // namespace

void Presenter::recipient(const vault::RecipientRow& row, v1::Recipient& out) {
    out.set_id(row.id.text());
    out.set_name(row.display_name());
    out.set_number(row.e164);
    if (row.aci) out.set_aci(vault::uuid_text(*row.aci));
    out.set_blocked(row.blocked);
    out.set_self(row.self);
    out.set_identity_changed(row.identity_changed);
}

Result<const v1::Recipient*> Presenter::known(std::int64_t row) {
    const auto place = recipients_.find(row);
    if (place != recipients_.end()) return &place->second;
    const auto found = NACRE_TRY(vault::RecipientStore{database_}.find(row));
    if (!found) return static_cast<const v1::Recipient*>(nullptr);
    v1::Recipient& made = recipients_[row];
    recipient(*found, made);
    return &made;
}

Result<void> Presenter::message(const vault::MessageRow& row, v1::Message& out) {
    out.set_id(row.id.text());
    out.set_conversation_id(row.conversation_id.text());
    if (const v1::Recipient* author = NACRE_TRY(known(row.author))) *out.mutable_author() = *author;
    out.set_direction(static_cast<v1::Message::Direction>(row.direction));
    out.set_state(static_cast<v1::Message::State>(row.state));
    out.set_kind(static_cast<v1::Message::Kind>(row.kind));
    out.set_text(row.body);
    out.set_sent_at(row.sent_ms);
    out.set_server_at(row.server_ms);
    out.set_received_at(row.received_ms);
    out.set_order(static_cast<std::uint64_t>(row.order));
    out.set_read(row.read_ms != 0 || row.direction == vault::Direction::outgoing);
    if (!row.failure.empty()) out.set_failure(failure_reason(row.failure));
    return {};
}

Result<void> Presenter::head(const vault::ConversationRow& row, v1::Conversation& out) {
    out.set_id(row.id.text());
    out.set_unread_count(row.unread_count);
    out.set_group(!row.group_id.empty());
    if (row.recipient == 0) {
        // Group titles come with group state.
        out.set_title("Group " + row.id.text().substr(0, 8));
        return {};
    }
    if (const v1::Recipient* other = NACRE_TRY(known(row.recipient))) {
        *out.mutable_recipient() = *other;
        out.set_title(other->name());
    }
    return {};
}

Result<void> Presenter::conversation(const vault::ConversationRow& row, v1::Conversation& out) {
    NACRE_TRY(head(row, out));
    if (row.last_order == 0) return {};
    const auto last = NACRE_TRY(vault::MessageStore{database_}.find(row.last_order));
    if (last) NACRE_TRY(message(*last, *out.mutable_last_message()));
    return {};
}

Result<void> Presenter::conversation(const vault::ListedConversation& listed,
                                     v1::Conversation& out) {
    NACRE_TRY(head(listed.conversation, out));
    if (listed.last_message) NACRE_TRY(message(*listed.last_message, *out.mutable_last_message()));
    return {};
}

}  // namespace nacre::vaultd
