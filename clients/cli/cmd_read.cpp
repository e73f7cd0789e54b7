// nacre read: marks everything in a conversation as read, up to its last message now.
#include "clients/cli/commands.h"
#include "clients/cli/conversation_choice.h"
#include "nacre/v1/messages.grpc.pb.h"

namespace nacre::cli {

ExitCode cmd_read(Session& session) {
    ExitCode failure{};
    const auto conversation = choose_conversation(session, session.arguments().conversation,
                                                  Missing::fails, failure);
    if (!conversation) return failure;
    v1::MarkReadResponse reply;
    if (conversation->has_last_message()) {
        v1::MarkReadRequest request;
        request.set_message_id(conversation->last_message().id());
        const auto call = session.channel().call();
        const grpc::Status status =
            session.stub<v1::MessagesService>()->MarkRead(call.get(), request, &reply);
        if (!status.ok()) return session.fail(status);
    }
    if (session.output().json()) {
        JsonObject object;
        object.add("conversationId", conversation->id()).add("marked", reply.marked());
        session.output().object(object);
    } else {
        session.output().line(std::to_string(reply.marked()) + " marked as read.");
    }
    return ExitCode::success;
}

}  // namespace nacre::cli
