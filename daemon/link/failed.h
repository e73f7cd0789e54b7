// Failed: errors on their way over the link.
//
// Layer:   daemon/link.
// Errors:  a code that this version does not know arrives as internal.
// Threads: pure; the table of names has a lock.
#pragma once

#include "api/base/error.h"
#include "nacre/courier/v1/link.pb.h"

namespace nacre::link {

courier::v1::Failed to_failed(const Error& error);

// `where` is the receiver's operation: the sender's does not travel. Names are kept for the life of
// the process, at most 256 different ones of at most 64 letters and digits; others become "".
Error to_error(const courier::v1::Failed& failed, Literal where);

}  // namespace nacre::link
