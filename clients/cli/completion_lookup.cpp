// completion.h: what the daemon knows.
#include "clients/cli/completion.h"
#include "clients/cli/terminal_text.h"
#include "clients/common/channel.h"
#include "clients/common/token_file.h"
#include "nacre/v1/conversations.grpc.pb.h"
#include "nacre/v1/slots.grpc.pb.h"

namespace nacre::cli {
namespace {

// Somebody waits with a finger on the key.
constexpr std::chrono::milliseconds kMost{700};
constexpr std::uint32_t kMany = 200;

// Under a name that the terminal cannot show as it is, nobody is found: by the id then.
Candidate named(const std::string& id, const std::string& name, const std::string& about) {
    if (name.empty() || safe_line(name) != name) return {id, safe_line(name)};
    return {name, about};
}

std::vector<Candidate> conversations(const client::Channel& channel) {
    v1::ListConversationsRequest request;
    request.set_page_size(kMany);
    v1::ListConversationsResponse reply;
    std::vector<Candidate> out;
    const auto stub = v1::ConversationsService::NewStub(channel.grpc());
    if (!stub->ListConversations(channel.call(kMost).get(), request, &reply).ok()) return out;
    for (const v1::Conversation& conversation : reply.conversations())
        out.push_back(named(conversation.id(), conversation.title(),
                            safe_line(conversation.recipient().number())));
    return out;
}

std::vector<Candidate> recipients(const client::Channel& channel) {
    v1::ListRecipientsRequest request;
    request.set_page_size(kMany);
    v1::ListRecipientsResponse reply;
    std::vector<Candidate> out;
    const auto stub = v1::ConversationsService::NewStub(channel.grpc());
    if (!stub->ListRecipients(channel.call(kMost).get(), request, &reply).ok()) return out;
    for (const v1::Recipient& recipient : reply.recipients())
        out.push_back(named(recipient.id(), recipient.name(), safe_line(recipient.number())));
    return out;
}

std::vector<Candidate> slots(const client::Channel& channel) {
    v1::ListSlotsResponse reply;
    std::vector<Candidate> out;
    const auto stub = v1::SlotsService::NewStub(channel.grpc());
    if (!stub->ListSlots(channel.call(kMost).get(), {}, &reply).ok()) return out;
    for (const v1::Slot& slot : reply.slots())
        out.push_back({std::to_string(slot.number()), safe_line(slot.label())});
    return out;
}

}  // namespace

std::vector<Candidate> look_up(const std::string& what, const client::Places& places) {
    Result<std::string> token = client::read_token(places.token_file);
    if (!token.ok()) return {};
    const Result<client::Channel> channel =
        client::Channel::open(places.api_socket, std::move(*token));
    if (!channel.ok()) return {};
    if (what == "SLOT") return slots(*channel);
    if (what == "RECIPIENT") return recipients(*channel);
    return conversations(*channel);
}

}  // namespace nacre::cli
