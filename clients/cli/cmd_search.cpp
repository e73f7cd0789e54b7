// nacre search: messages that contain every word of the query, latest first.
#include "clients/cli/commands.h"
#include "clients/cli/conversation_choice.h"
#include "clients/cli/local_time.h"
#include "clients/cli/message_lines.h"
#include "clients/cli/paging.h"
#include "clients/cli/records.h"
#include "clients/cli/terminal_text.h"
#include "nacre/v1/messages.grpc.pb.h"

namespace nacre::cli {

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
    const auto stub = session.stub<v1::MessagesService>();
    std::vector<std::vector<std::string>> rows;
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
    if (rows.empty()) session.output().note("Nothing found.");
    for (const std::string& line : align(rows)) session.output().line(line);
    return ExitCode::success;
}

}  // namespace nacre::cli
