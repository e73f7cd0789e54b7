// nacre accept-identity: accepts a person's changed safety number.
#include "clients/cli/commands.h"
#include "clients/cli/conversation_choice.h"
#include "clients/cli/terminal_text.h"

namespace nacre::cli {

ExitCode cmd_accept_identity(Session& session) {
    ExitCode failure{};
    const auto recipient = choose_recipient(session, session.arguments().recipient, failure);
    if (!recipient) return failure;
    v1::AcceptIdentityRequest request;
    request.set_recipient_id(recipient->id());
    v1::AcceptIdentityResponse reply;
    const auto call = session.channel().call();
    const grpc::Status status =
        session.stub<v1::ConversationsService>()->AcceptIdentity(call.get(), request, &reply);
    if (!status.ok()) return session.fail(status);
    if (session.output().json()) {
        JsonObject object;
        object.add("recipientId", recipient->id()).add("state", "accepted");
        session.output().object(object);
    } else {
        session.output().line("The safety number of " + safe_line(recipient->name()) +
                              " is accepted; waiting messages go out.");
    }
    return ExitCode::success;
}

}  // namespace nacre::cli
