#include "clients/cli/conversation_choice.h"

#include <vector>

#include "api/status_map.h"
#include "clients/cli/terminal_text.h"
#include "clients/cli/vault_state.h"

namespace nacre::cli {
namespace {

constexpr std::size_t kIdLength = 22;
constexpr std::uint32_t kPageSize = 500;

// "+1 650-555 0100" is what people copy.
std::string digits_of(std::string_view typed) {
    std::string out;
    for (const char c : typed) {
        if (c == ' ' || c == '-' || c == '(' || c == ')' || c == '.') continue;
        if ((c < '0' || c > '9') && !(c == '+' && out.empty())) return {};
        out += c;
    }
    return out.starts_with('+') ? out : std::string{};
}

ExitCode fail_ambiguous(const Session& session, std::vector<std::vector<std::string>> rows) {
    const ExitCode code = session.fail(ErrorCode::invalid_argument,
                                       "Several fit; name one of them by its id or number:");
    for (const std::string& line : align(rows)) session.output().note("  " + line);
    return code;
}

// Before there is an account there are no people, and that is what to say.
ExitCode fail_unknown(Session& session) {
    v1::GetStatusResponse status;
    if (const auto failed = get_status(session, status)) return *failed;
    if (status.account() == v1::GetStatusResponse::ACCOUNT_STATE_NOT_LINKED) {
        return session.fail(ErrorCode::not_linked);
    }
    return session.fail(ErrorCode::not_found,
                        "Nobody here has that id, number or exact name: see 'nacre recipients'.");
}

std::vector<std::string> row_of(const v1::Recipient& recipient) {
    return {recipient.id(), safe_line(recipient.number()), safe_line(recipient.name())};
}

std::vector<std::string> row_of(const v1::Conversation& conversation) {
    return {conversation.id(), safe_line(conversation.recipient().number()),
            safe_line(conversation.title())};
}

// Pages through everything; false when a call failed, with `status`.
bool find_conversations(Session& session, std::string_view typed,
                        std::vector<v1::Conversation>& found, grpc::Status& status) {
    const auto stub = session.stub<v1::ConversationsService>();
    v1::ListConversationsRequest request;
    request.set_page_size(kPageSize);
    do {
        v1::ListConversationsResponse reply;
        const auto call = session.channel().call();
        status = stub->ListConversations(call.get(), request, &reply);
        if (!status.ok()) return false;
        for (const v1::Conversation& conversation : reply.conversations()) {
            if (means(typed, conversation)) found.push_back(conversation);
        }
        request.set_page_token(reply.next_page_token());
    } while (!request.page_token().empty());
    return true;
}

bool find_recipients(Session& session, std::string_view typed, std::vector<v1::Recipient>& found,
                     grpc::Status& status) {
    const auto stub = session.stub<v1::ConversationsService>();
    v1::ListRecipientsRequest request;
    request.set_page_size(kPageSize);
    do {
        v1::ListRecipientsResponse reply;
        const auto call = session.channel().call();
        status = stub->ListRecipients(call.get(), request, &reply);
        if (!status.ok()) return false;
        for (const v1::Recipient& recipient : reply.recipients()) {
            if (means(typed, recipient)) found.push_back(recipient);
        }
        request.set_page_token(reply.next_page_token());
    } while (!request.page_token().empty());
    return true;
}

std::optional<v1::Conversation> open_with(Session& session, const v1::Recipient& recipient,
                                          ExitCode& failure) {
    v1::OpenConversationRequest request;
    request.set_recipient(recipient.id());
    v1::OpenConversationResponse reply;
    const auto call = session.channel().call();
    const grpc::Status status =
        session.stub<v1::ConversationsService>()->OpenConversation(call.get(), request, &reply);
    if (!status.ok()) {
        failure = session.fail(status);
        return std::nullopt;
    }
    return reply.conversation();
}

}  // namespace

bool means(std::string_view typed, const v1::Recipient& recipient) {
    if (typed.empty()) return false;
    if (typed == recipient.id() || typed == recipient.aci() || typed == recipient.name()) return true;
    const std::string digits = digits_of(typed);
    return !digits.empty() && digits == recipient.number();
}

bool means(std::string_view typed, const v1::Conversation& conversation) {
    if (typed.empty()) return false;
    if (typed == conversation.id() || typed == conversation.title()) return true;
    return conversation.has_recipient() && means(typed, conversation.recipient());
}

std::optional<v1::Recipient> choose_recipient(Session& session, std::string_view typed,
                                              ExitCode& failure) {
    std::vector<v1::Recipient> found;
    grpc::Status status;
    if (!find_recipients(session, typed, found, status)) {
        failure = session.fail(status);
        return std::nullopt;
    }
    if (found.size() == 1) return found.front();
    if (found.empty()) {
        failure = fail_unknown(session);
        return std::nullopt;
    }
    std::vector<std::vector<std::string>> rows;
    for (const v1::Recipient& recipient : found) rows.push_back(row_of(recipient));
    failure = fail_ambiguous(session, rows);
    return std::nullopt;
}

std::optional<v1::Conversation> choose_conversation(Session& session, std::string_view typed,
                                                    Missing missing, ExitCode& failure) {
    if (!is_utf8(typed)) {
        failure = session.fail(ErrorCode::invalid_argument, "The name is not valid UTF-8.");
        return std::nullopt;
    }
    if (typed.size() == kIdLength) {
        v1::GetConversationRequest request;
        request.set_id(std::string{typed});
        v1::GetConversationResponse reply;
        const auto call = session.channel().call();
        const auto stub = session.stub<v1::ConversationsService>();
        if (stub->GetConversation(call.get(), request, &reply).ok()) return reply.conversation();
        // Titles may have 22 characters as well.
    }
    std::vector<v1::Conversation> found;
    grpc::Status status;
    if (!find_conversations(session, typed, found, status)) {
        failure = session.fail(status);
        return std::nullopt;
    }
    if (found.size() == 1) return found.front();
    if (found.size() > 1) {
        std::vector<std::vector<std::string>> rows;
        for (const v1::Conversation& conversation : found) rows.push_back(row_of(conversation));
        failure = fail_ambiguous(session, rows);
        return std::nullopt;
    }
    if (missing == Missing::fails) {
        failure = session.fail(ErrorCode::not_found,
                               "There is no conversation with that id, title or number: see 'nacre "
                               "conversations'.");
        return std::nullopt;
    }
    const auto recipient = choose_recipient(session, typed, failure);
    if (!recipient) return std::nullopt;
    return open_with(session, *recipient, failure);
}

}  // namespace nacre::cli
