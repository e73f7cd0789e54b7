// Control: what nacred and its children say to each other, one datagram a message.
//
// Layer:   daemon/base. A SOCK_SEQPACKET pair; one byte kind and at most one descriptor.
// Secrets: the login memfd passes through as a descriptor; its content is never read here.
// Errors:  bad_message for an unknown kind or a missing descriptor, unavailable when the peer is
//          gone.
// Threads: send from any thread; one receiver.
#pragma once

#include <optional>

#include "daemon/base/descriptor.h"

namespace nacre::daemon {

enum class ControlKind : char {
    link = 'L',          // nacred to child, with the link's descriptor; a new one replaces the old
    ready = 'R',         // child to nacred: serving
    keep_login = 'K',    // courier to nacred, with the sealed memfd
    forget_login = 'F',  // courier to nacred
    want_link = 'W',     // courier to nacred: the link is lost, though vaultd may live
    unlocked = 'U',      // vaultd to nacred: from now on its memory holds secrets
    locking = 'X',       // vaultd to nacred: ends now, restart without backoff
};

struct ControlMessage {
    ControlKind kind;
    Descriptor descriptor;  // close-on-exec; set for link and keep_login only
};

// Borrows `descriptor`; -1 for none.
Result<void> send_control(int socket, ControlKind kind, int descriptor = -1);

// Blocks. Nothing at end of file, which tells a child to end.
Result<std::optional<ControlMessage>> receive_control(int socket);

}  // namespace nacre::daemon
