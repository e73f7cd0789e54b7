// Listeners: ChatListener and ProvisioningListener as libsignal sees them.
//
// libsignal holds such an object as long as the connection lives on its side, which may be longer
// than ours does: mute() empties it.
//
// Layer:   daemon/libsignal; behind chat.h.
// Threads: the owner thread; called from events.
#pragma once

#include "daemon/libsignal/call.h"
#include "daemon/libsignal/chat.h"

namespace nacre::signal {

template <class Listener>
class ListenerObject final : public napi::Object {
public:
    ListenerObject(napi::Environment& environment, Host& where, Listener callbacks)
        : Object{environment}, host{where}, listener{std::move(callbacks)} {
        host_data = this;
    }
    void mute() { listener = {}; }

    Host& host;
    Listener listener;
};

using ChatListenerObject = ListenerObject<ChatListener>;
using ProvisioningListenerObject = ListenerObject<ProvisioningListener>;

// With their methods. To be held before the scope closes.
ChatListenerObject* make_listener(Host& host, ChatListener listener);
ProvisioningListenerObject* make_listener(Host& host, ProvisioningListener listener);

// A connection of ours around one of libsignal's, which has this listener already. For tests: those
// have fake connections of libsignal's.
std::unique_ptr<AuthenticatedConnection> adopt(Network& network,
                                               Typed<native::AuthenticatedChatConnection> chat,
                                               napi::Ref<ChatListenerObject> listener);

}  // namespace nacre::signal
