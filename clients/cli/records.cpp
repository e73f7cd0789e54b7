#include "clients/cli/records.h"

#include "api/status_map.h"
#include "clients/common/error_text.h"

namespace nacre::cli {

std::string word(std::string_view enumerator, std::string_view prefix) {
    if (enumerator.starts_with(prefix)) enumerator.remove_prefix(prefix.size());
    std::string out;
    bool upper = false;
    for (const char c : enumerator) {
        if (c == '_') {
            upper = true;
            continue;
        }
        const bool letter = c >= 'A' && c <= 'Z';
        out += letter && !upper ? static_cast<char>(c - 'A' + 'a') : c;
        upper = false;
    }
    return out;
}

JsonObject to_json(const v1::Recipient& recipient) {
    JsonObject object;
    object.add("id", recipient.id())
        .add("name", recipient.name())
        .add("number", recipient.number())
        .add("aci", recipient.aci())
        .add("blocked", recipient.blocked())
        .add("self", recipient.self())
        .add("identityChanged", recipient.identity_changed());
    return object;
}

JsonObject to_json(const v1::Message& message) {
    JsonObject object;
    object.add("id", message.id())
        .add("conversationId", message.conversation_id())
        .add("author", to_json(message.author()))
        .add("direction",
             word(v1::Message::Direction_Name(message.direction()), "DIRECTION_"))
        .add("state", word(v1::Message::State_Name(message.state()), "STATE_"))
        .add("kind", word(v1::Message::Kind_Name(message.kind()), "KIND_"))
        .add("text", message.text())
        .add("sentAt", message.sent_at())
        .add("serverAt", message.server_at())
        .add("receivedAt", message.received_at())
        .add("order", message.order())
        .add("read", message.read())
        .add("failure", message.failure());
    return object;
}

JsonObject to_json(const v1::Conversation& conversation) {
    JsonObject object;
    object.add("id", conversation.id())
        .add("title", conversation.title())
        .add("group", conversation.group())
        .add("unreadCount", conversation.unread_count());
    if (conversation.has_recipient()) object.add("recipient", to_json(conversation.recipient()));
    if (conversation.has_last_message()) {
        object.add("lastMessage", to_json(conversation.last_message()));
    }
    return object;
}

JsonObject to_json(const v1::SearchHit& hit) {
    std::vector<JsonObject> ranges;
    for (const v1::SearchRange& range : hit.ranges()) {
        ranges.emplace_back();
        ranges.back().add("start", range.start()).add("length", range.length());
    }
    JsonObject object;
    object.add("message", to_json(hit.message())).add("snippet", hit.snippet());
    object.add("ranges", ranges);
    return object;
}

JsonObject to_json(const v1::Event& event) {
    JsonObject object;
    object.add("sequence", event.sequence())
        .add("at", event.at())
        .add("kind", word(v1::Event::Kind_Name(event.kind()), "KIND_"));
    if (!event.conversation_id().empty()) object.add("conversationId", event.conversation_id());
    if (!event.message_id().empty()) object.add("messageId", event.message_id());
    if (!event.recipient_id().empty()) object.add("recipientId", event.recipient_id());
    if (event.first_lost() != 0)
        object.add("firstLost", event.first_lost()).add("lastLost", event.last_lost());
    return object;
}

JsonObject to_json(const v1::Sandbox& sandbox) {
    JsonObject object;
    object.add("filter", word(v1::Sandbox::Filter_Name(sandbox.filter()), "FILTER_"))
        .add("landlock", sandbox.landlock())
        .add("refusesWrittenCode", sandbox.refuses_written_code())
        .add("hidesBuses", sandbox.hides_buses());
    return object;
}

JsonObject to_json(const v1::GetStatusResponse& status) {
    using Status = v1::GetStatusResponse;
    JsonObject object;
    object.add("vault", word(Status::VaultState_Name(status.vault()), "VAULT_STATE_"))
        .add("problem", status.problem())
        .add("connection", word(Status::Connection_Name(status.connection()), "CONNECTION_"))
        .add("version", status.version())
        .add("draining", status.draining())
        .add("spoolProblem", status.spool_problem())
        .add("spoolFull", status.spool_full())
        .add("loginCredential", word(Status::LoginCredential_Name(status.login_credential()),
                                     "LOGIN_CREDENTIAL_"))
        .add("waitSeconds", status.wait_seconds())
        .add("memoryLocked", status.memory() == Status::MEMORY_LOCKED)
        .add("keysLocked", status.memory() != Status::MEMORY_NOT_LOCKED)
        .add("plainSwap", status.plain_swap())
        .add("alerts", std::vector<std::string>{status.alerts().begin(), status.alerts().end()});
    if (status.has_waiting_envelopes()) object.add("waitingEnvelopes", status.waiting_envelopes());
    object.add("vaultSandbox", to_json(status.vault_sandbox()));
    if (status.has_courier_sandbox())
        object.add("courierSandbox", to_json(status.courier_sandbox()));
    if (status.account() == Status::ACCOUNT_STATE_UNSPECIFIED) return object;
    std::vector<JsonObject> locks;
    for (const v1::LockTrigger& trigger : status.lock_triggers()) {
        locks.emplace_back();
        locks.back().add("on", trigger.name()).add("delaySeconds", trigger.delay_seconds());
    }
    object.add("locks", locks);
    object.add("account", word(Status::AccountState_Name(status.account()), "ACCOUNT_STATE_"))
        .add("number", status.number())
        .add("aci", status.aci())
        .add("deviceId", status.device_id())
        .add("messages", status.messages())
        .add("outbox", status.outbox())
        .add("quarantined", status.quarantined())
        .add("lostEnvelopes", status.lost_envelopes())
        .add("possibleOrphanDevice", status.possible_orphan_device());
    return object;
}

std::string state_text(const v1::Message& message) {
    switch (message.state()) {
        case v1::Message::STATE_PENDING: return "waiting to be sent";
        case v1::Message::STATE_BLOCKED_IDENTITY: return "waiting: the safety number changed";
        case v1::Message::STATE_SENT: return "sent";
        case v1::Message::STATE_DELIVERED: return "delivered";
        case v1::Message::STATE_READ: return "read";
        case v1::Message::STATE_FAILED: {
            ErrorCode code{};
            if (!api::from_reason(message.failure(), code)) return "not sent";
            return "not sent: " + std::string{client::error_text(code)};
        }
        default: return {};
    }
}

std::string body_text(const v1::Message& message) {
    if (message.kind() == v1::Message::KIND_TEXT) return message.text();
    return message.text().empty() ? "[not supported yet]" : message.text() + " [in part]";
}

}  // namespace nacre::cli
