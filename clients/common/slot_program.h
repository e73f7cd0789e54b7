// SlotProgram: nacre-slot, which alone talks to a TPM, as a child of this process.
//
// Layer:   clients/common.
// Secrets: a passphrase goes, and a slot's secret comes, over a socket pair between this process
//          and the program; both stand in the arena.
// Errors:  unsupported: the program is not installed; timed_out, io_failed: it ended without an
//          answer; Reply::failed is the program's own word.
// Threads: one at a time. start() comes before the process gives up starting programs; the rest does
//          not need that.
#pragma once

#include <optional>
#include <string>

#include "api/base/result.h"
#include "api/tpm/wire.h"
#include "sandbox/secret.h"

namespace nacre::client {

struct SlotAnswer {
    tpm::Reply reply;
    std::optional<Passphrase> secret;  // unless the reply says why not
};

class SlotProgram {
public:
    // `address`: one that tpm::parse_address() takes.
    static Result<SlotProgram> start(const std::string& address);
    SlotProgram(SlotProgram&& other) noexcept;
    SlotProgram& operator=(SlotProgram&&) = delete;
    // Returns when it has wiped its memory, or a second later.
    ~SlotProgram();

    // The request says whether there is a passphrase.
    Result<SlotAnswer> ask(const tpm::Request& request, const Passphrase* passphrase);

private:
    explicit SlotProgram(int socket) : socket_{socket} {}
    int socket_;
};

}  // namespace nacre::client
