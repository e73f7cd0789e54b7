// nacre search: people whose name or number has the query in it, then messages that contain every
// word of it, latest first.
#include "clients/cli/commands.h"
#include "clients/cli/conversation_choice.h"
#include "clients/cli/local_time.h"
#include "clients/cli/message_lines.h"
#include "clients/cli/paging.h"
#include "clients/cli/records.h"
#include "clients/cli/terminal_text.h"
#include "nacre/v1/conversations.grpc.pb.h"
#include "nacre/v1/messages.grpc.pb.h"

namespace nacre::cli {
namespace {

using Rows = std::vector<std::vector<std::string>>;

grpc::Status find_people(Session& session, Rows& rows) {
    v1::ListRecipientsRequest request;
    request.set_query(session.arguments().query);
    const auto stub = session.stub<v1::ConversationsService>();
    return for_each_page<v1::ListRecipientsResponse>(
        session.arguments(), request,
        [&](const auto& page, auto& reply) {
            return stub->ListRecipients(session.channel().call().get(), page, &reply);
        },
        [&](const auto& reply) {
            for (const v1::Recipient& recipient : reply.recipients())
                rows.push_back({recipient.id(), safe_line(recipient.number()),
                                safe_line(recipient.name())});
            return reply.recipients_size();
        });
}

}  // namespace

ExitCode cmd_search(Session& session) {
    const Arguments& arguments = session.arguments();
    v1::SearchMessagesRequest request;
    request.set_query(arguments.query);
    if (request.query().empty() || !is_utf8(request.query())) {
        return session.fail(ErrorCode::invalid_argument,
                            "A query has at least one word, in valid UTF-8.");
    }
    if (!arguments.conversation.empty()) {
        ExitCode failure{};
        const auto chosen =
            choose_conversation(session, arguments.conversation, Missing::fails, failure);
        if (!chosen) return failure;
        request.set_conversation_id(chosen->id());
    }
    Rows people;
    // As JSON, each line is a message.
    if (!session.output().json() && arguments.conversation.empty()) {
        const grpc::Status found = find_people(session, people);
        if (!found.ok()) return session.fail(found);
    }
    const auto stub = session.stub<v1::MessagesService>();
    Rows rows;
    const grpc::Status status = for_each_page<v1::SearchMessagesResponse>(
        arguments, request,
        [&](const auto& page, auto& reply) {
            return stub->SearchMessages(session.channel().call().get(), page, &reply);
        },
        [&](const auto& reply) {
            for (const v1::SearchHit& hit : reply.hits()) {
                if (session.output().json()) {
                    session.output().object(to_json(hit));
                    continue;
                }
                rows.push_back({hit.message().id(), local_time(hit.message().sent_at()),
                                author_name(hit.message()), snippet_line(hit, session.output())});
            }
            return reply.hits_size();
        });
    if (!status.ok()) return session.fail(status);
    if (people.empty() && rows.empty()) session.output().note("Nothing found.");
    for (const std::string& line : align(people)) session.output().line(line);
    for (const std::string& line : align(rows)) session.output().line(line);
    return ExitCode::success;
}

}  // namespace nacre::cli
