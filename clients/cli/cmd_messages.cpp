// nacre messages: a conversation's latest messages, oldest of them first, as one reads.
#include <algorithm>

#include "clients/cli/commands.h"
#include "clients/cli/conversation_choice.h"
#include "clients/cli/message_lines.h"
#include "clients/cli/paging.h"
#include "clients/cli/records.h"
#include "nacre/v1/messages.grpc.pb.h"

namespace nacre::cli {

ExitCode cmd_messages(Session& session) {
    ExitCode failure{};
    const auto conversation = choose_conversation(session, session.arguments().conversation,
                                                  Missing::fails, failure);
    if (!conversation) return failure;
    const auto stub = session.stub<v1::MessagesService>();
    v1::ListMessagesRequest request;
    request.set_conversation_id(conversation->id());
    std::vector<v1::Message> messages;
    const grpc::Status status = for_each_page<v1::ListMessagesResponse>(
        session.arguments(), request,
        [&](const auto& page, auto& reply) {
            return stub->ListMessages(session.channel().call().get(), page, &reply);
        },
        [&](const auto& reply) {
            messages.insert(messages.end(), reply.messages().begin(), reply.messages().end());
            return reply.messages_size();
        });
    if (!status.ok()) return session.fail(status);
    std::reverse(messages.begin(), messages.end());
    if (messages.empty()) session.output().note("No messages yet.");
    for (const v1::Message& message : messages) {
        if (session.output().json()) {
            session.output().object(to_json(message));
        } else {
            session.output().line(message_lines(message, session.output()));
        }
    }
    return ExitCode::success;
}

}  // namespace nacre::cli
