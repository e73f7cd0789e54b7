#include "daemon/libsignal/listeners.h"

namespace nacre::signal {
namespace {

Ack ack_from(Host& host, napi::Value* value) {
    return Ack{std::make_shared<const Handle>(napi::Ref<>{value}), host};
}

std::optional<Error> reason_from(napi::Value* value) {
    if (value->kind() == napi::Kind::null) return std::nullopt;
    return error_from(value, "connection interrupted");
}

Result<void> message(ChatListenerObject& object, const napi::Call& call) {
    auto envelope = NACRE_TRY(converted<native::Buffer>(call.argument(0), "received message"));
    const auto time = NACRE_TRY(converted<native::Timestamp>(call.argument(1), "received message"));
    if (object.listener.message) {
        object.listener.message(std::move(envelope), time, ack_from(object.host, call.argument(2)));
    }
    return {};
}

Result<void> queue_empty(ChatListenerObject& object, const napi::Call&) {
    if (object.listener.queue_empty) object.listener.queue_empty();
    return {};
}

Result<void> alerts(ChatListenerObject& object, const napi::Call& call) {
    auto texts =
        NACRE_TRY(converted<native::ArrayOf<native::Text>>(call.argument(0), "received alerts"));
    if (object.listener.alerts) object.listener.alerts(std::move(texts));
    return {};
}

Result<void> server_time(ChatListenerObject& object, const napi::Call& call) {
    const auto time =
        NACRE_TRY(converted<native::Timestamp>(call.argument(0), "received server time"));
    if (object.listener.server_time) object.listener.server_time(time);
    return {};
}

Result<void> address(ProvisioningListenerObject& object, const napi::Call& call) {
    auto text = NACRE_TRY(converted<native::Text>(call.argument(0), "received address"));
    if (object.listener.address) {
        object.listener.address(std::move(text), ack_from(object.host, call.argument(1)));
    }
    return {};
}

Result<void> envelope(ProvisioningListenerObject& object, const napi::Call& call) {
    auto bytes = NACRE_TRY(converted<native::Buffer>(call.argument(0), "received envelope"));
    if (object.listener.envelope) {
        object.listener.envelope(std::move(bytes), ack_from(object.host, call.argument(1)));
    }
    return {};
}

template <class Object>
Result<void> interrupted(Object& object, const napi::Call& call) {
    if (object.listener.interrupted) object.listener.interrupted(reason_from(call.argument(0)));
    return {};
}

template <class Object, Result<void> (*method)(Object&, const napi::Call&)>
napi::Value* enter(const napi::Call& call) {
    auto* self = napi::as<napi::Object>(call.self, napi::Kind::object);
    const bool is_ours = self != nullptr && self->host_data != nullptr;
    if (!is_ours || !method(*static_cast<Object*>(self->host_data), call)) {
        call.environment.throw_error("listener: wrong arguments");
    }
    return nullptr;
}

// A connection is rare enough for methods of its own.
template <class Object, Result<void> (*method)(Object&, const napi::Call&)>
void add(Object& object, const char* name) {
    object.set(name, object.environment().make_function(enter<Object, method>));
}

}  // namespace

ChatListenerObject* make_listener(Host& host, ChatListener listener) {
    using Object = ChatListenerObject;
    auto& environment = host.library().environment();
    auto* object = environment.make<Object>(host, std::move(listener));
    add<Object, message>(*object, "receivedIncomingMessage");
    add<Object, queue_empty>(*object, "receivedQueueEmpty");
    add<Object, alerts>(*object, "receivedAlerts");
    add<Object, server_time>(*object, "receivedServerTimestamp");
    add<Object, interrupted<Object>>(*object, "connectionInterrupted");
    return object;
}

ProvisioningListenerObject* make_listener(Host& host, ProvisioningListener listener) {
    using Object = ProvisioningListenerObject;
    auto& environment = host.library().environment();
    auto* object = environment.make<Object>(host, std::move(listener));
    add<Object, address>(*object, "receivedAddress");
    add<Object, envelope>(*object, "receivedEnvelope");
    add<Object, interrupted<Object>>(*object, "connectionInterrupted");
    return object;
}

}  // namespace nacre::signal
