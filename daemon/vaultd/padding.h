// Padding: a message's length is hidden by 0x80 and zeros behind the Content.
//
// Layer:   daemon/vaultd.
// Errors:  bad_message when no 0x80 ends the zeros.
// Wire:    Content ‖ 0x80 ‖ 0x00*. Receivers take any amount; nacre sends multiples of 80 bytes, as
//          Signal Desktop does.
#pragma once

#include "api/base/bytes.h"
#include "api/base/result.h"

namespace nacre::vaultd {

Bytes pad(ByteView content);
Result<ByteView> unpad(ByteView padded);

}  // namespace nacre::vaultd
