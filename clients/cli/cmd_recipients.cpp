// nacre recipients: the people one can write to, by name.
#include "clients/cli/commands.h"
#include "clients/cli/paging.h"
#include "clients/cli/records.h"
#include "clients/cli/terminal_text.h"
#include "nacre/v1/conversations.grpc.pb.h"

namespace nacre::cli {
namespace {

std::string remarks(const v1::Recipient& recipient) {
    std::string out;
    if (recipient.self()) out += " (you)";
    if (recipient.blocked()) out += " (blocked)";
    if (recipient.identity_changed()) out += " (safety number changed)";
    return out;
}

}  // namespace

ExitCode cmd_recipients(Session& session) {
    const auto stub = session.stub<v1::ConversationsService>();
    v1::ListRecipientsRequest request;
    request.set_query(session.arguments().query);
    if (!is_utf8(request.query())) {
        return session.fail(ErrorCode::invalid_argument, "The query is not valid UTF-8.");
    }
    std::vector<std::vector<std::string>> rows;
    const grpc::Status status = for_each_page<v1::ListRecipientsResponse>(
        session.arguments(), request,
        [&](const auto& page, auto& reply) {
            return stub->ListRecipients(session.channel().call().get(), page, &reply);
        },
        [&](const auto& reply) {
            for (const v1::Recipient& recipient : reply.recipients()) {
                if (session.output().json()) {
                    session.output().object(to_json(recipient));
                } else {
                    rows.push_back({recipient.id(), safe_line(recipient.number()),
                                    safe_line(recipient.name()) + remarks(recipient)});
                }
            }
            return reply.recipients_size();
        });
    if (!status.ok()) return session.fail(status);
    for (const std::string& line : align(rows)) session.output().line(line);
    return ExitCode::success;
}

}  // namespace nacre::cli
