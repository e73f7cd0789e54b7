// Small pieces that the wrappers share.
//
// Layer:   daemon/libsignal; behind the wrappers' headers.
// Threads: the owner thread.
#pragma once

#include "daemon/libsignal/call.h"
#include "daemon/libsignal/session.h"

namespace nacre::signal {

inline Result<Typed<native::ProtocolAddress>> address_handle(Host& host, const Address& address) {
    return call(host, native::ProtocolAddress_New, address.service.to_text(), address.device);
}

// libsignal's message as ours.
Result<Ciphertext> make_ciphertext(Host& host, Typed<native::CiphertextMessage> message,
                                   std::uint32_t registration_id);

}  // namespace nacre::signal
