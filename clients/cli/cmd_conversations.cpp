// nacre conversations: latest first, with what was said last.
#include "clients/cli/commands.h"
#include "clients/cli/local_time.h"
#include "clients/cli/paging.h"
#include "clients/cli/records.h"
#include "clients/cli/terminal_text.h"
#include "nacre/v1/conversations.grpc.pb.h"

namespace nacre::cli {
namespace {

constexpr std::size_t kPreview = 60;

std::vector<std::string> row_of(const v1::Conversation& conversation) {
    const v1::Message& last = conversation.last_message();
    std::string preview;
    if (conversation.has_last_message()) {
        if (last.direction() == v1::Message::DIRECTION_OUTGOING) preview = "You: ";
        preview += safe_line(body_text(last));
    }
    const std::string unread =
        conversation.unread_count() == 0 ? "" : std::to_string(conversation.unread_count()) + " new";
    return {conversation.id(), safe_line(conversation.title()), unread,
            local_time(conversation.has_last_message() ? last.sent_at() : 0),
            shorten(preview, kPreview)};
}

}  // namespace

ExitCode cmd_conversations(Session& session) {
    const auto stub = session.stub<v1::ConversationsService>();
    std::vector<std::vector<std::string>> rows;
    const grpc::Status status = for_each_page<v1::ListConversationsResponse>(
        session.arguments(), v1::ListConversationsRequest{},
        [&](const auto& request, auto& reply) {
            return stub->ListConversations(session.channel().call().get(), request, &reply);
        },
        [&](const auto& reply) {
            for (const v1::Conversation& conversation : reply.conversations()) {
                if (session.output().json()) {
                    session.output().object(to_json(conversation));
                } else {
                    rows.push_back(row_of(conversation));
                }
            }
            return reply.conversations_size();
        });
    if (!status.ok()) return session.fail(status);
    if (rows.empty()) session.output().note("No conversations yet.");
    for (const std::string& line : align(rows)) session.output().line(line);
    return ExitCode::success;
}

}  // namespace nacre::cli
