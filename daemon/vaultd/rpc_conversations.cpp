// ConversationsService: who there is to write to, and what stands with whom.
#include "daemon/vaultd/present.h"
#include "daemon/vaultd/reader.h"
#include "daemon/vaultd/reply_page.h"
#include "daemon/vaultd/rpc.h"
#include "daemon/vaultd/serve.h"
#include "nacre/v1/conversations.grpc.pb.h"

namespace nacre::vaultd {
namespace {

constexpr std::size_t kMaxQuery = 1024;

class ConversationsService final : public v1::ConversationsService::Service {
public:
    explicit ConversationsService(RpcContext& context) : context_{context} {}

    grpc::Status ListConversations(grpc::ServerContext* call,
                                   const v1::ListConversationsRequest* request,
                                   v1::ListConversationsResponse* reply) override {
        return serve(context_.gate, "nacre.v1.ConversationsService/ListConversations", *call,
                     [&](const Caller&) { return list_conversations(*request, *reply); });
    }

    grpc::Status GetConversation(grpc::ServerContext* call,
                                 const v1::GetConversationRequest* request,
                                 v1::GetConversationResponse* reply) override {
        return serve(context_.gate, "nacre.v1.ConversationsService/GetConversation", *call,
                     [&](const Caller&) {
                         return get_conversation(request->id(), *reply->mutable_conversation());
                     });
    }

    grpc::Status OpenConversation(grpc::ServerContext* call,
                                  const v1::OpenConversationRequest* request,
                                  v1::OpenConversationResponse* reply) override {
        return serve(context_.gate, "nacre.v1.ConversationsService/OpenConversation", *call,
                     [&](const Caller&) {
                         return open_conversation(request->recipient(),
                                                  *reply->mutable_conversation());
                     });
    }

    grpc::Status ListRecipients(grpc::ServerContext* call, const v1::ListRecipientsRequest* request,
                                v1::ListRecipientsResponse* reply) override {
        return serve(context_.gate, "nacre.v1.ConversationsService/ListRecipients", *call,
                     [&](const Caller&) { return list_recipients(*request, *reply); });
    }

    grpc::Status AcceptIdentity(grpc::ServerContext* call, const v1::AcceptIdentityRequest* request,
                                v1::AcceptIdentityResponse*) override {
        return serve(context_.gate, "nacre.v1.ConversationsService/AcceptIdentity", *call,
                     [&](const Caller&) -> Result<void> {
                         const vault::Id id = NACRE_TRY(vault::Id::parse(request->recipient_id()));
                         return context_.operations.accept_identity(id);
                     });
    }

private:
    Result<void> list_conversations(const v1::ListConversationsRequest& request,
                                    v1::ListConversationsResponse& reply) {
        Reader reader = NACRE_TRY(Reader::open(context_.operations));
        auto fill = [&](const vault::PageRequest& page) -> Result<void> {
            auto found = NACRE_TRY(vault::ConversationStore{reader.database()}.list(page));
            Presenter presenter{reader.database()};
            for (const vault::ListedConversation& listed : found.conversations) {
                NACRE_TRY(presenter.conversation(listed, *reply.add_conversations()));
            }
            reply.set_next_page_token(std::move(found.next_token));
            return {};
        };
        return fill_page(
            reply, [](auto& filled) -> auto& { return filled.conversations(); },
            {request.page_size(), request.page_token()}, fill);
    }

    Result<void> get_conversation(std::string_view text, v1::Conversation& out) {
        const vault::Id id = NACRE_TRY(vault::Id::parse(text));
        Reader reader = NACRE_TRY(Reader::open(context_.operations));
        const auto row = NACRE_TRY(vault::ConversationStore{reader.database()}.find(id));
        if (!row) return Error{ErrorCode::not_found, "conversation"};
        return Presenter{reader.database()}.conversation(*row, out);
    }

    // Reading happens before and after the engine's writing, never around it: the snapshot of the
    // first would not have the new conversation.
    Result<void> open_conversation(std::string_view recipient, v1::Conversation& out) {
        const vault::Id id = NACRE_TRY(resolve(recipient));
        const vault::Id conversation = NACRE_TRY(context_.operations.open_conversation(id));
        return get_conversation(conversation.text(), out);
    }

    Result<vault::Id> resolve(std::string_view recipient) {
        if (recipient.empty() || recipient.size() > kMaxQuery) {
            return Error{ErrorCode::invalid_argument, "recipient"};
        }
        Reader reader = NACRE_TRY(Reader::open(context_.operations));
        const vault::RecipientRow row =
            NACRE_TRY(vault::RecipientStore{reader.database()}.resolve(recipient));
        return row.id;
    }

    Result<void> list_recipients(const v1::ListRecipientsRequest& request,
                                 v1::ListRecipientsResponse& reply) {
        if (request.query().size() > kMaxQuery) return Error{ErrorCode::invalid_argument, "query"};
        Reader reader = NACRE_TRY(Reader::open(context_.operations));
        auto found = NACRE_TRY(vault::RecipientStore{reader.database()}.list(
            request.query(), {request.page_size(), request.page_token()}));
        for (const vault::RecipientRow& row : found.recipients) {
            Presenter::recipient(row, *reply.add_recipients());
        }
        reply.set_next_page_token(std::move(found.next_token));
        return {};
    }

    RpcContext& context_;
};

}  // namespace

std::unique_ptr<grpc::Service> make_conversations_service(RpcContext& context) {
    return std::make_unique<ConversationsService>(context);
}

}  // namespace nacre::vaultd
