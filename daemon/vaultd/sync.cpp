#include "daemon/vaultd/sync.h"

#include "daemon/vaultd/outgoing.h"

namespace nacre::vaultd {
namespace {

using vault::EventKind;

constexpr Literal kSyncPlanned{"sync.planned"};

Result<vault::RecipientRow> destination_of(EngineState& state, const wire::SyncMessage::Sent& sent) {
    if (sent.has_destination_service_id_binary())
        return state.recipients.ensure(NACRE_TRY(
            vault::ServiceId::parse_binary(as_bytes(sent.destination_service_id_binary()))));
    if (sent.has_destination_service_id())
        return state.recipients.ensure(NACRE_TRY(vault::ServiceId::parse(sent.destination_service_id())));
    const auto found = NACRE_TRY(state.recipients.find_e164(sent.destination_e164()));
    if (!found) return Error{ErrorCode::bad_message, "transcript without a known destination"};
    return *found;
}

Result<vault::ConversationRow> conversation_of(EngineState& state, const wire::SyncMessage::Sent& sent,
                                               const wire::DataMessage& data,
                                               const vault::RecipientRow& self) {
    // A story goes to lists that nacre does not know: it stands with what we wrote to ourselves.
    if (sent.has_story_message()) return conversation_of(state, sent.story_message(), self.row);
    const bool group = data.group_v2().master_key().size() == 32;
    return conversation_of(state, data, group ? self.row : NACRE_TRY(destination_of(state, sent)).row);
}

// What another own device sent, as if it had been sent here.
Result<void> apply_sent(EngineState& state, const Decrypted& message, const wire::SyncMessage::Sent& sent,
                        std::int64_t received_ms) {
    const wire::DataMessage& data =
        sent.has_edit_message() ? sent.edit_message().data_message() : sent.message();
    if (!sent.has_message() && !sent.has_edit_message() && !sent.has_story_message()) return {};
    const auto self = NACRE_TRY(state.recipients.find_aci(state.account->aci));
    if (!self) return Error{ErrorCode::internal, "transcript without a self"};
    const auto conversation = NACRE_TRY(conversation_of(state, sent, data, *self));

    const auto timestamp = static_cast<std::int64_t>(sent.timestamp());
    if (sent.has_edit_message()) {
        const auto target = NACRE_TRY(state.messages.find_sent(
            self->row, static_cast<std::int64_t>(sent.edit_message().target_sent_timestamp())));
        if (target) {
            NACRE_TRY(state.messages.edit(target->order, data.body(), message.content));
            return state.note({EventKind::message_state, target->conversation_id, target->id, {}});
        }
    }
    // The same message again, for recipients that were added: it is here already.
    if (NACRE_TRY(state.messages.find_sent(self->row, timestamp))) return {};
    vault::NewMessage row;
    row.conversation = conversation.row;
    row.author = self->row;
    row.author_device = message.sender.device;
    row.direction = vault::Direction::outgoing;
    row.state = vault::MessageState::sent;
    row.kind = kind_of(data);
    row.sent_ms = timestamp;
    row.server_ms = message.server_ms;
    row.received_ms = received_ms;
    row.read = true;
    row.body = data.body();
    row.content = message.content;
    const auto inserted = NACRE_TRY(state.messages.insert(row));
    return state.note({EventKind::message_sent, conversation.id, inserted.id, {}});
}

Result<void> apply_read(EngineState& state, const wire::SyncMessage::Read& read) {
    const auto author = NACRE_TRY(read.has_sender_aci_binary()
                                      ? vault::ServiceId::parse_binary(as_bytes(read.sender_aci_binary()))
                                      : vault::ServiceId::parse(read.sender_aci()));
    const auto from = NACRE_TRY(state.recipients.ensure(author));
    const auto sent_ms = static_cast<std::int64_t>(read.timestamp());
    const std::int64_t now = state.clock.wall_ms();
    const auto found = NACRE_TRY(state.messages.find_sent(from.row, sent_ms));
    if (!found) return state.messages.keep_early_read(from.row, sent_ms, now);
    const auto marked = NACRE_TRY(state.messages.mark_read(found->conversation, found->order, now));
    if (marked.empty()) return {};
    return state.note({EventKind::messages_read, found->conversation_id, found->id, {}});
}

Result<void> apply_blocked(EngineState& state, const wire::SyncMessage::Blocked& blocked) {
    std::vector<vault::Uuid> acis;
    for (const std::string& binary : blocked.acis_binary())
        if (const auto id = vault::ServiceId::parse_binary(as_bytes(binary)))
            acis.push_back(id->uuid());
    for (const std::string& text : blocked.acis())
        if (const auto id = vault::parse_uuid(text)) acis.push_back(*id);
    NACRE_TRY(state.recipients.set_blocked(acis, {blocked.numbers().begin(), blocked.numbers().end()}));
    return state.note(EventKind::contacts_changed);
}

Result<void> apply_configuration(EngineState& state, const wire::SyncMessage::Configuration& told,
                                 BatchEffects& effects) {
    vault::AccountConfiguration configuration = state.account->configuration;
    if (told.has_read_receipts()) configuration.read_receipts = told.read_receipts();
    if (told.has_typing_indicators()) configuration.typing_indicators = told.typing_indicators();
    if (told.has_link_previews()) configuration.link_previews = told.link_previews();
    if (told.has_unidentified_delivery_indicators())
        configuration.sealed_sender_indicators = told.unidentified_delivery_indicators();
    effects.account_changed = true;
    return state.accounts.set_configuration(configuration);
}

Result<void> apply_keys(EngineState& state, const wire::SyncMessage::Keys& keys, BatchEffects& effects) {
    Bytes master = to_bytes(keys.master());
    // An entropy pool that libsignal does not take is not one.
    if (keys.has_account_entropy_pool()) {
        const auto derived = signal::derive_master_key(state.host, keys.account_entropy_pool());
        if (!derived) return Error{ErrorCode::bad_message, "account entropy pool"};
        master = to_bytes(derived->view());
    }
    effects.account_changed = true;
    return state.accounts.set_keys(keys.account_entropy_pool(), master,
                                   as_bytes(keys.media_root_backup_key()));
}

}  // namespace

Result<void> apply_sync(EngineState& state, const Decrypted& message, const wire::SyncMessage& sync,
                        std::int64_t received_ms, BatchEffects& effects) {
    if (sync.has_sent()) NACRE_TRY(apply_sent(state, message, sync.sent(), received_ms));
    for (const auto& read : sync.read()) NACRE_TRY(apply_read(state, read));
    if (sync.has_contacts()) {
        NACRE_TRY(state.accounts.set_meta(kContactsPending,
                                          as_bytes(sync.contacts().blob().SerializeAsString())));
        effects.contacts_to_fetch = true;
    }
    if (sync.has_blocked()) NACRE_TRY(apply_blocked(state, sync.blocked()));
    if (sync.has_configuration()) NACRE_TRY(apply_configuration(state, sync.configuration(), effects));
    if (sync.has_keys()) NACRE_TRY(apply_keys(state, sync.keys(), effects));
    return {};
}

Result<void> plan_sync(EngineState& state) { return state.accounts.set_meta_number(kSyncPlanned, 1); }

Result<void> request_planned_sync(EngineState& state) {
    using Request = wire::SyncMessage::Request;
    if (!NACRE_TRY(state.accounts.meta_number(kSyncPlanned))) return {};
    for (const Request::Type type :
         {Request::CONTACTS, Request::BLOCKED, Request::CONFIGURATION, Request::KEYS}) {
        wire::Content content;
        content.mutable_sync_message()->mutable_request()->set_type(type);
        NACRE_TRY(queue_to_self(state, vault::OutboxKind::sync_request, content));
    }
    return state.accounts.remove_meta_number(kSyncPlanned);
}

Result<void> apply_contacts(EngineState& state, const std::vector<ContactEntry>& contacts) {
    std::vector<std::int64_t> kept;
    for (const ContactEntry& entry : contacts) {
        vault::ContactUpdate update;
        if (entry.aci.size() == 16) {
            update.aci.emplace();
            std::copy(entry.aci.begin(), entry.aci.end(), update.aci->begin());
        }
        update.e164 = entry.number;
        update.name = entry.name;
        if (!update.aci && update.e164.empty()) continue;
        NACRE_TRY(state.recipients.update_contact(update));
        const auto row = update.aci ? NACRE_TRY(state.recipients.find_aci(*update.aci))
                                    : NACRE_TRY(state.recipients.find_e164(update.e164));
        if (row) kept.push_back(row->row);
    }
    NACRE_TRY(state.recipients.forget_contacts_except(kept));
    return state.note(EventKind::contacts_changed);
}

}  // namespace nacre::vaultd
