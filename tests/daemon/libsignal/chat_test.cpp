// Goal: connections, requests and listeners, against the fake server inside libsignal. The gate of
// daemon/courier/egress is in this executable and closed: no test gets past loopback.
#include "daemon/libsignal/chat.h"

#include <catch2/catch_test_macros.hpp>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#endif

#include "daemon/courier/egress.h"
#include "daemon/libsignal/async_call.h"
#include "daemon/libsignal/listeners.h"
#include "daemon/libsignal/service_id.h"
#include "tests/support/matchers.h"

namespace nacre::signal {
namespace {

using namespace std::chrono_literals;
using tests::FailsWith;

// A field of a protobuf message, shorter than 128 bytes.
void put(Bytes& out, std::uint8_t tag, std::string_view content) {
    out.push_back(tag);
    out.push_back(static_cast<std::uint8_t>(content.size()));
    out.insert(out.end(), content.begin(), content.end());
}

// WebSocketRequestMessage
Bytes server_request(std::string_view verb, std::string_view path, std::string_view body,
                     std::string_view header = {}) {
    Bytes bytes;
    put(bytes, 0x0a, verb);
    put(bytes, 0x12, path);
    if (!body.empty()) put(bytes, 0x1a, body);
    bytes.insert(bytes.end(), {0x20, 7});  // id
    if (!header.empty()) put(bytes, 0x2a, header);
    return bytes;
}

// libsignal's fake keeps a text for ever; its real connections do not.
struct LeakingOnPurpose {
#ifdef __SANITIZE_ADDRESS__
    __lsan::ScopedDisabler disabled;
#endif
};

// An authenticated connection and the server's end of it.
struct FakeChat {
    FakeChat() {
        const napi::Environment::Scope scope{host.library().environment()};
        napi::Ref<ChatListenerObject> object{make_listener(host, listener())};
        const auto fake = [&] {
            [[maybe_unused]] const LeakingOnPurpose in_the_fake;
            return call(host, native::TESTING_FakeChatConnection_Create,
                        *network->parts().runtime, object.get(), "", "alert one\nalert two")
                .value();
        }();
        auto chat = call(host, native::TESTING_FakeChatConnection_TakeAuthenticatedChat, fake);
        remote.emplace(call(host, native::TESTING_FakeChatConnection_TakeRemote, fake).value());
        connection = adopt(*network, std::move(chat).value(), object);
    }

    ChatListener listener() {
        return {.message = [this](Bytes envelope, std::int64_t time, Ack ack) {
                    envelopes.push_back(std::move(envelope));
                    times.push_back(time);
                    acks.push_back(std::move(ack));
                },
                .queue_empty = [this] { ++queue_empty; },
                .alerts = [this](std::vector<std::string> texts) { alerts = std::move(texts); },
                .server_time = [this](std::int64_t time) { server_time = time; },
                .interrupted =
                    [this](std::optional<Error> reason) {
                        ++interrupted;
                        interrupted_with = reason;
                    }};
    }

    void push(const Bytes& request) {
        call(host, native::TESTING_FakeChatRemoteEnd_SendRawServerRequest, *remote, request)
            .value();
    }

    bool wait(const std::function<bool()>& done) { return host.run_until(done, 20s); }

    // The next request at the server's end: its object and its id.
    std::pair<Typed<native::HttpRequest>, std::uint64_t> next_request() {
        const auto started =
            call(host, native::TESTING_FakeChatRemoteEnd_ReceiveIncomingRequest,
                 *network->parts().runtime, *remote)
                .value();
        using State = napi::Promise::State;
        REQUIRE(wait([&] { return started.promise->state() != State::pending; }));
        auto* pair = napi::as<napi::Array>(started.promise->outcome(), napi::Kind::array);
        REQUIRE(pair != nullptr);
        return {Typed<native::HttpRequest>{pair->elements[0]},
                converted<native::BigInt>(pair->elements[1].get(), "id").value()};
    }

    void answer(std::uint64_t id, std::uint16_t status, const std::vector<std::string>& headers,
                std::optional<ByteView> body) {
        const auto response = call(host, native::TESTING_FakeChatResponse_Create, id, status,
                                   "text", headers, body)
                                  .value();
        call(host, native::TESTING_FakeChatRemoteEnd_SendServerResponse, *remote, response).value();
    }

    std::unique_ptr<Host> host_ = Host::open(default_addon_path()).value();
    Host& host = *host_;
    std::unique_ptr<Network> network =
        Network::open(host, {.service = LocalService{1, {}}, .user_agent = "nacre-test"}).value();
    std::vector<Bytes> envelopes;
    std::vector<std::int64_t> times;
    std::vector<Ack> acks;
    int queue_empty = 0;
    std::vector<std::string> alerts;
    std::int64_t server_time = 0;
    int interrupted = 0;
    std::optional<Error> interrupted_with;
    std::optional<Typed<native::FakeChatRemoteEnd>> remote;
    std::unique_ptr<AuthenticatedConnection> connection;
};

TEST_CASE_METHOD(FakeChat, "chat: messages arrive with their time, and are acknowledged once",
                 "[libsignal][chat]") {
    push(server_request("PUT", "/api/v1/message", "an envelope", "X-Signal-Timestamp: 1000"));
    push(server_request("PUT", "/api/v1/queue/empty", ""));
    REQUIRE(wait([&] { return queue_empty == 1; }));
    REQUIRE(envelopes.size() == 1);
    CHECK(envelopes[0] == to_bytes("an envelope"));
    CHECK(times[0] == 1000);
    CHECK(acks[0].send(200).ok());
    CHECK_THAT(acks[0].send(200), FailsWith(ErrorCode::internal));
    CHECK(alerts == std::vector<std::string>{"alert one", "alert two"});
}

TEST_CASE_METHOD(FakeChat, "chat: a request gets its response", "[libsignal][chat]") {
    std::optional<Response> response;
    connection->send({.verb = "PUT",
                      .path = "/v1/messages/someone",
                      .headers = {{"content-type", "application/json"}},
                      .body = to_bytes("{}")},
                     [&](const Result<Response>& result) { response = result.value(); });
    const auto [request, id] = next_request();
    CHECK(call(host, native::TESTING_ChatRequestGetMethod, request).value() == "PUT");
    CHECK(call(host, native::TESTING_ChatRequestGetPath, request).value() ==
          "/v1/messages/someone");
    CHECK(call(host, native::TESTING_ChatRequestGetHeaderValue, request, "content-type").value() ==
          "application/json");
    CHECK(call(host, native::TESTING_ChatRequestGetBody, request).value() == to_bytes("{}"));

    answer(id, 409, {"retry-after: 5"}, as_bytes("a body"));
    REQUIRE(wait([&] { return response.has_value(); }));
    CHECK(response->status == 409);
    CHECK(response->headers == std::vector<Header>{{"retry-after", "5"}});
    CHECK(response->body == to_bytes("a body"));
}

TEST_CASE_METHOD(FakeChat, "chat: a response without a body has an empty one",
                 "[libsignal][chat]") {
    std::optional<Response> response;
    connection->send({.verb = "GET", .path = "/v1/config", .headers = {}, .body = {}},
                     [&](const Result<Response>& result) { response = result.value(); });
    answer(next_request().second, 204, {}, std::nullopt);
    REQUIRE(wait([&] { return response.has_value(); }));
    CHECK(response->status == 204);
    CHECK(response->body.empty());
}

TEST_CASE_METHOD(FakeChat, "chat: a malformed request fails in its callback", "[libsignal][chat]") {
    std::optional<Error> error;
    connection->send({.verb = "NO VERB", .path = "/", .headers = {}, .body = {}},
                     [&](const Result<Response>& result) { error = result.error(); });
    CHECK_FALSE(error.has_value());  // not before the next pump
    REQUIRE(wait([&] { return error.has_value(); }));
}

TEST_CASE_METHOD(FakeChat, "chat: a canceled request fails with canceled", "[libsignal][chat]") {
    std::optional<Error> error;
    auto pending =
        connection->send({.verb = "GET", .path = "/", .headers = {}, .body = {}},
                         [&](const Result<Response>& result) { error = result.error(); });
    pending.cancel();
    REQUIRE(wait([&] { return error.has_value(); }));
    CHECK(error->code == ErrorCode::canceled);
    pending.cancel();
}

TEST_CASE_METHOD(FakeChat, "chat: a lost connection is told, and nothing works after it",
                 "[libsignal][chat]") {
    call(host, native::TESTING_FakeChatRemoteEnd_InjectConnectionInterrupted, *remote).value();
    REQUIRE(wait([&] { return interrupted == 1; }));
    REQUIRE(interrupted_with.has_value());
    CHECK(interrupted_with->code == ErrorCode::unavailable);
    std::optional<Error> error;
    connection->send({.verb = "GET", .path = "/", .headers = {}, .body = {}},
                     [&](const Result<Response>& result) { error = result.error(); });
    REQUIRE(wait([&] { return error.has_value(); }));
    CHECK(error->code == ErrorCode::unavailable);
    CHECK(std::string_view{error->name} == "ChatServiceInactive");
}

TEST_CASE_METHOD(FakeChat, "chat: an acknowledgement for a lost connection does no harm",
                 "[libsignal][chat]") {
    push(server_request("PUT", "/api/v1/message", "an envelope"));
    REQUIRE(wait([&] { return acks.size() == 1; }));
    call(host, native::TESTING_FakeChatRemoteEnd_InjectConnectionInterrupted, *remote).value();
    REQUIRE(wait([&] { return interrupted == 1; }));
    // Which of the two depends on how far libsignal's thread has come; see Ack::send.
    const auto sent = acks[0].send();
    CHECK((sent.ok() || sent.error().code == ErrorCode::unavailable));
    connection.reset();
}

TEST_CASE_METHOD(FakeChat, "chat: a disconnection of ours is told without a reason",
                 "[libsignal][chat]") {
    bool done = false;
    connection->disconnect([&](Result<void> result) { done = result.ok(); });
    REQUIRE(wait([&] { return done && interrupted == 1; }));
    CHECK_FALSE(interrupted_with.has_value());
}

TEST_CASE_METHOD(FakeChat, "chat: a destroyed connection calls nobody", "[libsignal][chat]") {
    push(server_request("PUT", "/api/v1/message", "an envelope"));
    connection.reset();
    host.run_until([] { return false; }, 50ms);
    CHECK(envelopes.empty());
    CHECK(interrupted == 0);
}

TEST_CASE("chat: everything ends with requests under way", "[libsignal][chat]") {
    bool called = false;
    {
        FakeChat chat;
        chat.connection->send({.verb = "GET", .path = "/", .headers = {}, .body = {}},
                              [&](const Result<Response>&) { called = true; });
        chat.push(server_request("PUT", "/api/v1/message", "an envelope"));
    }
    CHECK_FALSE(called);
}

std::string aci_name() { return ServiceId{}.to_text(); }

TEST_CASE("chat: a user name that is no device's is refused", "[libsignal][chat]") {
    const auto host = Host::open(default_addon_path()).value();
    const auto network =
        Network::open(*host, {.service = LocalService{4443, {}}, .user_agent = "nacre-test"})
            .value();
    for (const std::string& name : {std::string{"aci.2"}, aci_name(), aci_name() + ".",
                                    aci_name() + ".2x", "PNI:" + aci_name() + ".2"}) {
        std::optional<ErrorCode> code;
        AuthenticatedConnection::connect(
            *network, {name, "password"}, {},
            [&](const auto& result) { code = result.error().code; });
        REQUIRE(host->run_until([&] { return code.has_value(); }, 20s));
        CHECK(code == ErrorCode::invalid_argument);
    }
}

TEST_CASE("chat: with the gate closed, connecting fails with unavailable", "[libsignal][chat]") {
    const auto host = Host::open(default_addon_path()).value();
    const auto network =
        Network::open(*host, {.service = LocalService{4443, {}}, .user_agent = "nacre-test"})
            .value();
    std::vector<Error> errors;
    const auto failed = [&](const auto& result) { errors.push_back(result.error()); };
    AuthenticatedConnection::connect(*network, {aci_name() + ".2", "password"}, {}, failed);
    UnauthenticatedConnection::connect(*network, {"de", "en"}, {}, failed);
    ProvisioningConnection::connect(*network, {}, failed);
    REQUIRE(host->run_until([&] { return errors.size() == 3; }, 100s));
    for (const Error& error : errors) CHECK(error.code == ErrorCode::unavailable);
    CHECK(courier::egress::counters().connects_allowed == 0);
}

}  // namespace
}  // namespace nacre::signal
