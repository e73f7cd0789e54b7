#include <grpcpp/generic/generic_stub.h>

#include <catch2/catch_test_macros.hpp>
#include <set>
#include <string>

#include "nacre/v1/conversations.grpc.pb.h"
#include "nacre/v1/events.grpc.pb.h"
#include "nacre/v1/messages.grpc.pb.h"
#include "tests/daemon/vaultd/api_fixture.h"

using namespace nacre;
using nacre::tests::ApiFixture;
using nacre::tests::code;

namespace {

struct OpenFixture : ApiFixture {
    OpenFixture() {
        REQUIRE(create_vault().ok());
        messages = v1::MessagesService::NewStub(channel);
        conversations = v1::ConversationsService::NewStub(channel);
        events = v1::EventsService::NewStub(channel);
    }

    std::string receive(std::string_view name, std::string_view text) {
        const auto id = operations.receive(name, text);
        REQUIRE(id.ok());
        return id->text();
    }

    v1::Conversation only_conversation() {
        v1::ListConversationsResponse reply;
        REQUIRE(conversations->ListConversations(call().get(), {}, &reply).ok());
        REQUIRE(reply.conversations_size() == 1);
        return reply.conversations(0);
    }

    grpc::Status send(const std::string& conversation, const std::string& text,
                      const std::string& request_id, v1::Message* message = nullptr) {
        v1::SendMessageRequest request;
        request.set_conversation_id(conversation);
        request.set_text(text);
        request.set_client_request_id(request_id);
        v1::SendMessageResponse reply;
        const auto status = messages->SendMessage(call().get(), request, &reply);
        if (message != nullptr) *message = reply.message();
        return status;
    }

    std::unique_ptr<v1::MessagesService::Stub> messages;
    std::unique_ptr<v1::ConversationsService::Stub> conversations;
    std::unique_ptr<v1::EventsService::Stub> events;
};

}  // namespace

TEST_CASE("api messages: what was received is listed, shown and found", "[vaultd][api][messages]") {
    OpenFixture fixture;
    const std::string id = fixture.receive("Alice", "Grüße aus Überlingen");
    const v1::Conversation conversation = fixture.only_conversation();
    CHECK(conversation.title() == "Alice");
    CHECK(conversation.unread_count() == 1);
    CHECK(conversation.last_message().id() == id);

    v1::ListMessagesRequest list;
    list.set_conversation_id(conversation.id());
    v1::ListMessagesResponse listed;
    REQUIRE(fixture.messages->ListMessages(fixture.call().get(), list, &listed).ok());
    REQUIRE(listed.messages_size() == 1);
    const v1::Message& message = listed.messages(0);
    CHECK(message.text() == "Grüße aus Überlingen");
    CHECK(message.author().name() == "Alice");
    CHECK(message.direction() == v1::Message::DIRECTION_INCOMING);
    CHECK(message.state() == v1::Message::STATE_RECEIVED);
    CHECK(message.kind() == v1::Message::KIND_TEXT);
    CHECK_FALSE(message.read());
    CHECK(message.sent_at() != 0);
    CHECK(message.server_at() == message.sent_at() + 1);

    v1::SearchMessagesRequest search;
    search.set_query("uberling");
    v1::SearchMessagesResponse found;
    REQUIRE(fixture.messages->SearchMessages(fixture.call().get(), search, &found).ok());
    REQUIRE(found.hits_size() == 1);
    const v1::SearchHit& hit = found.hits(0);
    REQUIRE(hit.ranges_size() == 1);
    CHECK(hit.snippet().substr(hit.ranges(0).start(), hit.ranges(0).length()) == "Überling");

    v1::MarkReadRequest read;
    read.set_message_id(id);
    v1::MarkReadResponse marked;
    REQUIRE(fixture.messages->MarkRead(fixture.call().get(), read, &marked).ok());
    CHECK(marked.marked() == 1);
    CHECK(fixture.only_conversation().unread_count() == 0);
}

TEST_CASE("api messages: pages follow one another without gap or overlap",
          "[vaultd][api][messages]") {
    OpenFixture fixture;
    std::set<std::string> expected;
    for (int i = 0; i < 7; ++i) expected.insert(fixture.receive("Alice", std::to_string(i)));
    v1::ListMessagesRequest request;
    request.set_conversation_id(fixture.only_conversation().id());
    request.set_page_size(3);
    std::set<std::string> seen;
    int pages = 0;
    do {
        v1::ListMessagesResponse reply;
        REQUIRE(fixture.messages->ListMessages(fixture.call().get(), request, &reply).ok());
        for (const auto& message : reply.messages()) CHECK(seen.insert(message.id()).second);
        request.set_page_token(reply.next_page_token());
        ++pages;
    } while (!request.page_token().empty());
    CHECK(pages == 3);
    CHECK(seen == expected);
    request.set_page_token("not a token");
    v1::ListMessagesResponse reply;
    CHECK(code(fixture.messages->ListMessages(fixture.call().get(), request, &reply)) ==
          ErrorCode::invalid_argument);
}

TEST_CASE("api messages: a page of long messages is cut so that it fits",
          "[vaultd][api][messages]") {
    OpenFixture fixture;
    const std::string text(60000, 'x');
    constexpr int kCount = 80;
    for (int i = 0; i < kCount; ++i) fixture.receive("Alice", text);
    v1::ListMessagesRequest request;
    request.set_conversation_id(fixture.only_conversation().id());
    request.set_page_size(500);
    int seen = 0;
    do {
        v1::ListMessagesResponse reply;
        REQUIRE(fixture.messages->ListMessages(fixture.call().get(), request, &reply).ok());
        CHECK(reply.messages_size() > 0);
        seen += reply.messages_size();
        request.set_page_token(reply.next_page_token());
    } while (!request.page_token().empty());
    CHECK(seen == kCount);
}

TEST_CASE("api messages: sending returns the message that stands in the vault",
          "[vaultd][api][messages]") {
    OpenFixture fixture;
    fixture.receive("Alice", "hi");
    const std::string conversation = fixture.only_conversation().id();
    v1::Message message;
    REQUIRE(fixture.send(conversation, "hello", "request-1", &message).ok());
    CHECK(message.text() == "hello");
    CHECK(message.state() == v1::Message::STATE_PENDING);
    CHECK(message.read());
    const std::string longest(65536, 'x');
    CHECK(fixture.send(conversation, longest, "request-2").ok());
}

TEST_CASE("api messages: what cannot be sent is refused as a whole", "[vaultd][api][messages]") {
    OpenFixture fixture;
    fixture.receive("Alice", "hi");
    const std::string conversation = fixture.only_conversation().id();
    const auto refused = ErrorCode::invalid_argument;
    CHECK(code(fixture.send(conversation, "", "a")) == refused);
    CHECK(code(fixture.send(conversation, std::string(65537, 'x'), "b")) == refused);
    CHECK(code(fixture.send(conversation, std::string{"a\0b", 3}, "c")) == refused);
    CHECK(code(fixture.send(conversation, "text", std::string(65, 'x'))) == refused);
    CHECK(code(fixture.send(conversation, "text", "with space")) == refused);
    CHECK(code(fixture.send("not an id", "text", "d")) == refused);
    CHECK(code(fixture.send("AAAAAAAAAAAAAAAAAAAAAA", "text", "e")) == ErrorCode::not_found);
    v1::ListMessagesRequest list;
    list.set_conversation_id(conversation);
    v1::ListMessagesResponse listed;
    REQUIRE(fixture.messages->ListMessages(fixture.call().get(), list, &listed).ok());
    CHECK(listed.messages_size() == 1);
}

TEST_CASE("api messages: text that is not UTF-8 is an invalid argument", "[vaultd][api][messages]") {
    OpenFixture fixture;
    // As another language's client would send it: protobuf for C++ complains, but writes it.
    v1::SendMessageRequest request;
    request.set_conversation_id("AAAAAAAAAAAAAAAAAAAAAA");
    request.set_text("\xff\xfe");
    v1::SendMessageResponse reply;
    CHECK(code(fixture.messages->SendMessage(fixture.call().get(), request, &reply)) ==
          ErrorCode::invalid_argument);
}

TEST_CASE("api conversations: a person is opened by name, and people are listed",
          "[vaultd][api][conversations]") {
    OpenFixture fixture;
    fixture.receive("Alice", "hi");
    v1::ListRecipientsRequest list;
    list.set_query("ALI");
    v1::ListRecipientsResponse people;
    REQUIRE(fixture.conversations->ListRecipients(fixture.call().get(), list, &people).ok());
    REQUIRE(people.recipients_size() == 1);
    CHECK(people.recipients(0).name() == "Alice");
    for (const std::string& who : {std::string{"Alice"}, people.recipients(0).id()}) {
        v1::OpenConversationRequest request;
        request.set_recipient(who);
        v1::OpenConversationResponse reply;
        REQUIRE(
            fixture.conversations->OpenConversation(fixture.call().get(), request, &reply).ok());
        CHECK(reply.conversation().id() == fixture.only_conversation().id());
    }
    v1::OpenConversationRequest nobody;
    nobody.set_recipient("Nobody");
    v1::OpenConversationResponse reply;
    CHECK(code(fixture.conversations->OpenConversation(fixture.call().get(), nobody, &reply)) ==
          ErrorCode::not_found);
}

TEST_CASE("api events: from a cursor on without gap, then as they come", "[vaultd][api][events]") {
    OpenFixture fixture;
    for (int i = 0; i < 3; ++i) fixture.receive("Alice", "before");
    v1::WatchEventsRequest request;
    request.set_after(1);
    const auto call = fixture.call();
    const auto stream = fixture.events->WatchEvents(call.get(), request);
    v1::Event event;
    for (const std::uint64_t sequence : {2U, 3U}) {
        REQUIRE(stream->Read(&event));
        CHECK(event.sequence() == sequence);
    }
    const std::string id = fixture.receive("Alice", "after");
    REQUIRE(stream->Read(&event));
    CHECK(event.sequence() == 4);
    CHECK(event.kind() == v1::Event::KIND_MESSAGE_RECEIVED);
    CHECK(event.message_id() == id);
    call->TryCancel();
    CHECK(code(stream->Finish()) == ErrorCode::canceled);
}

TEST_CASE("api events: from now on means after the headers", "[vaultd][api][events]") {
    OpenFixture fixture;
    fixture.receive("Alice", "before");
    v1::WatchEventsRequest request;
    request.set_from_now(true);
    const auto call = fixture.call();
    const auto stream = fixture.events->WatchEvents(call.get(), request);
    stream->WaitForInitialMetadata();
    const std::string id = fixture.receive("Alice", "after");
    v1::Event event;
    REQUIRE(stream->Read(&event));
    CHECK(event.message_id() == id);
    call->TryCancel();
    (void)stream->Finish();
}

TEST_CASE("api events: locking ends the stream and says why", "[vaultd][api][events]") {
    OpenFixture fixture;
    v1::WatchEventsRequest request;
    request.set_from_now(true);
    const auto call = fixture.call();
    const auto stream = fixture.events->WatchEvents(call.get(), request);
    stream->WaitForInitialMetadata();
    REQUIRE(fixture.operations.lock().ok());
    v1::Event event;
    CHECK_FALSE(stream->Read(&event));
    CHECK(code(stream->Finish()) == ErrorCode::vault_locked);
}
