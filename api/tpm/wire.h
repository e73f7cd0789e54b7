// Wire: the two messages between the command and nacre-slot, over a SOCK_SEQPACKET pair. Secrets do
// not stand in them: a passphrase follows the request, the slot's secret the reply, each as a message
// of its own, from arena to arena.
//
// Layer:   api/tpm.
// Secrets: none.
// Errors:  bad_message.
// Threads: values and stateless functions.
#pragma once

#include <cstdint>
#include <optional>

#include "api/base/bytes.h"
#include "api/base/result.h"
#include "api/tpm/slot_file.h"

namespace nacre::tpm {

inline constexpr int kSocketDescriptor = 3;  // nacre-slot's end
inline constexpr std::size_t kMostMessageBytes = 12 + kMostFileBytes;

struct Request {
    // Of a new slot, for which a secret is made; none: the secret of `file` is wanted.
    std::optional<Registers> seal;
    bool with_passphrase = false;  // it is the next message
    Bytes file;
};

struct Reply {
    // Why there is no secret. What the codes mean here:
    //   unavailable          no TPM
    //   permission_denied    it may not be opened
    //   unsupported          it has not what it takes: these registers, or these algorithms
    //   environment_changed  the registers have other values than when it was sealed
    //   not_found            another TPM, or this one was cleared
    //   wrong_passphrase     and the TPM counts it
    //   rate_limited         the TPM is locked after too many of them
    //   unauthenticated      the owner hierarchy has a password, and there is no storage root key
    //   bad_message          the file is damaged; vault_too_new
    //   resource_exhausted, io_failed, invalid_argument, internal
    std::optional<ErrorCode> failed;
    std::uint32_t tpm_code = 0;  // the library's or the TPM's, when it said one
    Registers blank = 0;         // of those sealed to: nothing has been measured into them
    Bytes file;                  // with seal
};

Bytes serialize(const Request& request);
Result<Request> parse_request(ByteView bytes);
Bytes serialize(const Reply& reply);
Result<Reply> parse_reply(ByteView bytes);

}  // namespace nacre::tpm
