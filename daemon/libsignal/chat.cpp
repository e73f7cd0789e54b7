#include "daemon/libsignal/chat.h"

#include <charconv>

#include "daemon/libsignal/async_call.h"
#include "daemon/libsignal/listeners.h"
#include "daemon/libsignal/service_id.h"

namespace nacre::signal {
namespace {

// One connection of any of the three kinds.
template <class Native, class Listener>
struct Link {
    Network::Parts& network;
    Typed<Native> chat;
    napi::Ref<ListenerObject<Listener>> listener;

    ~Link() { listener->mute(); }
};

template <class Connection, class Init, class Listener, class Done>
Pending connect(Network::Parts& network, Result<Started> started, const Init& init_listener,
                napi::Ref<ListenerObject<Listener>> listener, Done done) {
    using Parts = typename Connection::Parts;
    auto connected = [&network, &init_listener, listener,
                      done = std::move(done)](Result<napi::Value*> outcome) {
        const auto make = [&]() -> Result<std::unique_ptr<Connection>> {
            auto* handle = NACRE_TRY(outcome);
            auto chat =
                NACRE_TRY(converted<native::Out<typename Parts::Native>>(handle, "connect"));
            NACRE_TRY(call(network.host, init_listener, chat, listener.get()));
            return std::make_unique<Connection>(
                std::unique_ptr<Parts>{new Parts{{network, std::move(chat), listener}}});
        };
        done(make());
    };
    return finish_later(network, std::move(started), std::move(connected));
}

Result<Typed<native::HttpRequest>> make_request(Host& host, const Request& request) {
    std::optional<ByteView> body;
    if (request.body) body = *request.body;
    auto made = NACRE_TRY(call(host, native::HttpRequest_new, request.verb, request.path, body));
    for (const auto& [name, value] : request.headers) {
        NACRE_TRY(call(host, native::HttpRequest_add_header, made, name, value));
    }
    return made;
}

Result<std::vector<Header>> headers_of(napi::Value* value) {
    using Pair = native::ArrayOf<native::Text>;
    auto pairs = NACRE_TRY(converted<native::ArrayOf<Pair>>(value, "headers of a response"));
    std::vector<Header> headers;
    for (auto& pair : pairs) {
        if (pair.size() != 2) return Error{ErrorCode::internal, "header of a response"};
        headers.emplace_back(std::move(pair[0]), std::move(pair[1]));
    }
    return headers;
}

// From {status, message, headers, body}.
Result<Response> response_of(Result<napi::Value*> outcome) {
    auto* object = napi::as<napi::Object>(NACRE_TRY(outcome), napi::Kind::object);
    if (object == nullptr) return Error{ErrorCode::internal, "response"};
    Response response;
    response.status = static_cast<std::uint16_t>(
        NACRE_TRY(converted<native::Number>(object->get("status"), "status of a response")));
    response.headers = NACRE_TRY(headers_of(object->get("headers")));
    auto* body = object->get("body");
    if (body != nullptr && body->kind() == napi::Kind::typed_array) {
        response.body = NACRE_TRY(converted<native::Buffer>(body, "body of a response"));
    }
    return response;
}

template <class Parts, class Function>
Pending send(Parts& parts, const Function& function, const Request& request, OnResponse done) {
    Network::Parts& network = parts.network;
    const auto start = [&]() -> Result<Started> {
        const auto made = NACRE_TRY(make_request(network.host, request));
        return call(network.host, function, *network.runtime, parts.chat, made,
                    static_cast<double>(request.timeout.count()));
    };
    return finish_later(network, start(), [done = std::move(done)](Result<napi::Value*> outcome) {
        done(response_of(std::move(outcome)));
    });
}

template <class Parts, class Function>
void disconnect(Parts& parts, const Function& function, OnDone done) {
    Network::Parts& network = parts.network;
    finish_later(network, call(network.host, function, *network.runtime, parts.chat),
                 [done = std::move(done)](Result<napi::Value*> outcome) {
                     if (!done) return;
                     outcome ? done({}) : done(outcome.error());
                 });
}

// libsignal panics on anything but "<aci>.<device>".
Result<void> check_username(std::string_view name) {
    const auto dot = name.find('.');
    const auto service = ServiceId::parse(name.substr(0, dot));
    const auto device = dot < name.size() ? name.substr(dot + 1) : std::string_view{};
    unsigned number = 0;
    const auto [end, failed] =
        std::from_chars(device.data(), device.data() + device.size(), number);
    const bool good = service && service->kind == ServiceId::Kind::aci && failed == std::errc{} &&
                      end == device.data() + device.size() && number >= 1 && number <= 127;
    if (!good) return Error{ErrorCode::invalid_argument, "user name of a device"};
    return {};
}

// The listener as an object of libsignal's, held past the scope that made it.
template <class Listener>
napi::Ref<ListenerObject<Listener>> hold(Network::Parts& network, Listener listener) {
    const napi::Environment::Scope scope{network.host.library().environment()};
    return make_listener(network.host, std::move(listener));
}

}  // namespace

Result<void> Ack::send(std::uint16_t status) {
    if (handle_ == nullptr) return Error{ErrorCode::internal, "acknowledged twice"};
    const auto handle = std::exchange(handle_, nullptr);
    const Typed<native::ServerMessageAck> ack{handle->value()};
    return call(*host_, native::ServerMessageAck_SendStatus, ack, status);
}

struct AuthenticatedConnection::Parts : Link<native::AuthenticatedChatConnection, ChatListener> {
    using Native = native::AuthenticatedChatConnection;
};

AuthenticatedConnection::AuthenticatedConnection(std::unique_ptr<Parts> parts)
    : parts_{std::move(parts)} {}

AuthenticatedConnection::~AuthenticatedConnection() = default;

Pending AuthenticatedConnection::connect(Network& network, const Login& login,
                                         ChatListener listener, OnConnected done) {
    Network::Parts& parts = network.parts();
    const auto start = [&]() -> Result<Started> {
        NACRE_TRY(check_username(login.username));
        return call(parts.host, native::AuthenticatedChatConnection_connect, *parts.runtime,
                    parts.manager, login.username, login.password, login.receive_stories,
                    login.languages);
    };
    return signal::connect<AuthenticatedConnection>(
        parts, start(), native::AuthenticatedChatConnection_init_listener,
        hold(parts, std::move(listener)), std::move(done));
}

std::unique_ptr<AuthenticatedConnection> adopt(Network& network,
                                               Typed<native::AuthenticatedChatConnection> chat,
                                               napi::Ref<ChatListenerObject> listener) {
    using Parts = AuthenticatedConnection::Parts;
    return std::make_unique<AuthenticatedConnection>(std::unique_ptr<Parts>{
        new Parts{{network.parts(), std::move(chat), std::move(listener)}}});
}

Pending AuthenticatedConnection::send(const Request& request, OnResponse done) {
    return signal::send(*parts_, native::AuthenticatedChatConnection_send, request,
                        std::move(done));
}

void AuthenticatedConnection::disconnect(OnDone done) {
    signal::disconnect(*parts_, native::AuthenticatedChatConnection_disconnect, std::move(done));
}

struct UnauthenticatedConnection::Parts
    : Link<native::UnauthenticatedChatConnection, ChatListener> {
    using Native = native::UnauthenticatedChatConnection;
};

UnauthenticatedConnection::UnauthenticatedConnection(std::unique_ptr<Parts> parts)
    : parts_{std::move(parts)} {}

UnauthenticatedConnection::~UnauthenticatedConnection() = default;

Pending UnauthenticatedConnection::connect(Network& network,
                                           const std::vector<std::string>& languages,
                                           ChatListener listener, OnConnected done) {
    Network::Parts& parts = network.parts();
    auto started = call(parts.host, native::UnauthenticatedChatConnection_connect, *parts.runtime,
                        parts.manager, languages);
    return signal::connect<UnauthenticatedConnection>(
        parts, std::move(started), native::UnauthenticatedChatConnection_init_listener,
        hold(parts, std::move(listener)), std::move(done));
}

Pending UnauthenticatedConnection::send(const Request& request, OnResponse done) {
    return signal::send(*parts_, native::UnauthenticatedChatConnection_send, request,
                        std::move(done));
}

void UnauthenticatedConnection::disconnect(OnDone done) {
    signal::disconnect(*parts_, native::UnauthenticatedChatConnection_disconnect,
                       std::move(done));
}

struct ProvisioningConnection::Parts
    : Link<native::ProvisioningChatConnection, ProvisioningListener> {
    using Native = native::ProvisioningChatConnection;
};

ProvisioningConnection::ProvisioningConnection(std::unique_ptr<Parts> parts)
    : parts_{std::move(parts)} {}

ProvisioningConnection::~ProvisioningConnection() = default;

Pending ProvisioningConnection::connect(Network& network, ProvisioningListener listener,
                                        OnConnected done) {
    Network::Parts& parts = network.parts();
    auto started = call(parts.host, native::ProvisioningChatConnection_connect, *parts.runtime,
                        parts.manager);
    return signal::connect<ProvisioningConnection>(
        parts, std::move(started), native::ProvisioningChatConnection_init_listener,
        hold(parts, std::move(listener)), std::move(done));
}

void ProvisioningConnection::disconnect(OnDone done) {
    signal::disconnect(*parts_, native::ProvisioningChatConnection_disconnect, std::move(done));
}

}  // namespace nacre::signal
