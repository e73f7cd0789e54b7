// nacre watch: what happens, as it happens.
#include "clients/cli/commands.h"
#include "clients/cli/local_time.h"
#include "clients/cli/message_lines.h"
#include "clients/cli/records.h"
#include "clients/cli/terminal_text.h"
#include "nacre/v1/events.grpc.pb.h"
#include "nacre/v1/messages.grpc.pb.h"

namespace nacre::cli {
namespace {

std::string event_text(v1::Event::Kind kind) {
    switch (kind) {
        case v1::Event::KIND_MESSAGE_RECEIVED: return "message received";
        case v1::Event::KIND_MESSAGE_SENT: return "message sent";
        case v1::Event::KIND_MESSAGE_STATE: return "message state changed";
        case v1::Event::KIND_MESSAGES_READ: return "messages read";
        case v1::Event::KIND_CONVERSATION_CHANGED: return "conversation changed";
        case v1::Event::KIND_CONTACTS_CHANGED: return "contacts changed";
        case v1::Event::KIND_IDENTITY_CHANGED: return "safety number changed";
        case v1::Event::KIND_ENVELOPE_QUARANTINED: return "envelope put into quarantine";
        case v1::Event::KIND_ENVELOPE_REJECTED: return "envelope rejected";
        case v1::Event::KIND_SPOOL_DAMAGED: return "the spool is damaged";
        case v1::Event::KIND_ACCOUNT_CHANGED: return "account changed";
        case v1::Event::KIND_CONNECTION_CHANGED: return "connection changed";
        case v1::Event::KIND_CLOCK_WENT_BACK: return "the server's clock went back";
        case v1::Event::KIND_QUEUE_EMPTY: return "nothing more is waiting at the server";
        default: return "something happened";
    }
}

std::string loss_text(const v1::Event& event) {
    const std::string first = std::to_string(event.first_lost());
    if (event.first_lost() == 0) return {};
    if (event.last_lost() == 0) return ": it does not go on from what was before envelope " + first;
    if (event.last_lost() == event.first_lost()) return ": envelope " + first + " is lost";
    return ": envelopes " + first + " to " + std::to_string(event.last_lost()) + " are lost";
}

// Gone meanwhile, or the call failed: then there is only the event.
std::optional<v1::Message> message_of(Session& session, v1::MessagesService::Stub& stub,
                                      const v1::Event& event) {
    if (event.message_id().empty()) return std::nullopt;
    v1::GetMessageRequest request;
    request.set_id(event.message_id());
    v1::GetMessageResponse reply;
    const auto call = session.channel().call();
    if (!stub.GetMessage(call.get(), request, &reply).ok()) return std::nullopt;
    return reply.message();
}

void show(const Session& session, const v1::Event& event,
          const std::optional<v1::Message>& message) {
    const Output& output = session.output();
    if (output.json()) {
        JsonObject object = to_json(event);
        if (message) object.add("message", to_json(*message));
        return output.object(object);
    }
    if (message) return output.line(message_lines(*message, output));
    std::string line = output.dim(local_time(event.at())) + "  " + event_text(event.kind()) + loss_text(event);
    for (const std::string* id :
         {&event.conversation_id(), &event.message_id(), &event.recipient_id()}) {
        if (!id->empty()) line += "  " + safe_line(*id);
    }
    output.line(line);
}

}  // namespace

ExitCode cmd_watch(Session& session) {
    const Arguments& arguments = session.arguments();
    v1::WatchEventsRequest request;
    request.set_after(arguments.after.value_or(0));
    request.set_from_now(!arguments.after);
    const auto call = session.channel().endless_call();
    const auto events = session.stub<v1::EventsService>();
    const auto messages = session.stub<v1::MessagesService>();
    const auto stream = events->WatchEvents(call.get(), request);
    v1::Event event;
    while (stream->Read(&event)) {
        const auto message =
            arguments.with_text ? message_of(session, *messages, event) : std::nullopt;
        show(session, event, message);
        if (!Output::close()) {
            call->TryCancel();
            return session.fail(ErrorCode::io_failed, "Standard output did not take everything.");
        }
    }
    const grpc::Status status = stream->Finish();
    return status.ok() ? ExitCode::success : session.fail(status);
}

}  // namespace nacre::cli
