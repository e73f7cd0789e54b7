// MessagesService: read, find, send.
#include <algorithm>

#include "daemon/vaultd/present.h"
#include "daemon/vaultd/reader.h"
#include "daemon/vaultd/reply_page.h"
#include "daemon/vaultd/rpc.h"
#include "daemon/vaultd/serve.h"
#include "nacre/v1/messages.grpc.pb.h"
#include "vault/search.h"

namespace nacre::vaultd {
namespace {

constexpr std::size_t kMaxText = 65536;
constexpr std::size_t kMaxClientRequestId = 64;

bool is_visible_ascii(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

// protobuf has refused invalid UTF-8 before; a NUL would cut the text for other devices.
Result<void> check_send(const v1::SendMessageRequest& request) {
    if (request.text().empty() || request.text().size() > kMaxText ||
        request.text().find('\0') != std::string::npos) {
        return Error{ErrorCode::invalid_argument, "text"};
    }
    if (request.client_request_id().size() > kMaxClientRequestId ||
        !is_visible_ascii(request.client_request_id())) {
        return Error{ErrorCode::invalid_argument, "client request id"};
    }
    return {};
}

class MessagesService final : public v1::MessagesService::Service {
public:
    explicit MessagesService(RpcContext& context) : context_{context} {}

    grpc::Status ListMessages(grpc::ServerContext* call, const v1::ListMessagesRequest* request,
                              v1::ListMessagesResponse* reply) override {
        return serve(context_.gate, "nacre.v1.MessagesService/ListMessages", *call,
                     [&](const Caller&) { return list_messages(*request, *reply); });
    }

    grpc::Status GetMessage(grpc::ServerContext* call, const v1::GetMessageRequest* request,
                            v1::GetMessageResponse* reply) override {
        return serve(context_.gate, "nacre.v1.MessagesService/GetMessage", *call,
                     [&](const Caller&) -> Result<void> {
                         const vault::Id id = NACRE_TRY(vault::Id::parse(request->id()));
                         return get_message(id, *reply->mutable_message());
                     });
    }

    grpc::Status SearchMessages(grpc::ServerContext* call, const v1::SearchMessagesRequest* request,
                                v1::SearchMessagesResponse* reply) override {
        return serve(context_.gate, "nacre.v1.MessagesService/SearchMessages", *call,
                     [&](const Caller&) { return search_messages(*request, *reply); });
    }

    grpc::Status SendMessage(grpc::ServerContext* call, const v1::SendMessageRequest* request,
                             v1::SendMessageResponse* reply) override {
        return serve(context_.gate, "nacre.v1.MessagesService/SendMessage", *call,
                     [&](const Caller&) -> Result<void> {
                         NACRE_TRY(check_send(*request));
                         const vault::Id conversation =
                             NACRE_TRY(vault::Id::parse(request->conversation_id()));
                         const vault::Id id = NACRE_TRY(context_.operations.send_message(
                             conversation, request->text(), request->client_request_id()));
                         return get_message(id, *reply->mutable_message());
                     });
    }

    grpc::Status MarkRead(grpc::ServerContext* call, const v1::MarkReadRequest* request,
                          v1::MarkReadResponse* reply) override {
        return serve(context_.gate, "nacre.v1.MessagesService/MarkRead", *call,
                     [&](const Caller&) -> Result<void> {
                         const vault::Id id = NACRE_TRY(vault::Id::parse(request->message_id()));
                         reply->set_marked(NACRE_TRY(context_.operations.mark_read(id)));
                         return {};
                     });
    }

private:
    Result<void> list_messages(const v1::ListMessagesRequest& request,
                               v1::ListMessagesResponse& reply) {
        const vault::Id conversation = NACRE_TRY(vault::Id::parse(request.conversation_id()));
        Reader reader = NACRE_TRY(Reader::open(context_.operations));
        const auto known = NACRE_TRY(vault::ConversationStore{reader.database()}.find(conversation));
        if (!known) return Error{ErrorCode::not_found, "conversation"};
        auto fill = [&](const vault::PageRequest& page) -> Result<void> {
            auto found = NACRE_TRY(vault::MessageStore{reader.database()}.list(conversation, page));
            Presenter presenter{reader.database()};
            for (const vault::MessageRow& row : found.messages) {
                NACRE_TRY(presenter.message(row, *reply.add_messages()));
            }
            reply.set_next_page_token(std::move(found.next_token));
            return {};
        };
        return fill_page(
            reply, [](auto& filled) -> auto& { return filled.messages(); },
            {request.page_size(), request.page_token()}, fill);
    }

    Result<void> get_message(const vault::Id& id, v1::Message& out) {
        Reader reader = NACRE_TRY(Reader::open(context_.operations));
        const auto row = NACRE_TRY(vault::MessageStore{reader.database()}.find(id));
        if (!row) return Error{ErrorCode::not_found, "message"};
        return Presenter{reader.database()}.message(*row, out);
    }

    Result<void> search_messages(const v1::SearchMessagesRequest& request,
                                 v1::SearchMessagesResponse& reply) {
        std::optional<vault::Id> conversation;
        if (!request.conversation_id().empty()) {
            conversation = NACRE_TRY(vault::Id::parse(request.conversation_id()));
        }
        Reader reader = NACRE_TRY(Reader::open(context_.operations));
        auto fill = [&](const vault::PageRequest& page) -> Result<void> {
            auto found =
                NACRE_TRY(vault::Search{reader.database()}.find(request.query(), conversation, page));
            Presenter presenter{reader.database()};
            for (const vault::SearchHit& row : found.hits) {
                v1::SearchHit& hit = *reply.add_hits();
                NACRE_TRY(presenter.message(row.message, *hit.mutable_message()));
                hit.set_snippet(row.snippet);
                for (const vault::TextRange& range : row.ranges) {
                    v1::SearchRange& out = *hit.add_ranges();
                    out.set_start(range.start);
                    out.set_length(range.length);
                }
            }
            reply.set_next_page_token(std::move(found.next_token));
            return {};
        };
        return fill_page(
            reply, [](auto& filled) -> auto& { return filled.hits(); },
            {request.page_size(), request.page_token()}, fill);
    }

    RpcContext& context_;
};

}  // namespace

std::unique_ptr<grpc::Service> make_messages_service(RpcContext& context) {
    return std::make_unique<MessagesService>(context);
}

}  // namespace nacre::vaultd
