// SlotProgram: runs nacre-slot, which alone talks to a TPM, for one secret.
//
// Layer:   clients/common.
// Secrets: the passphrase goes, and the slot's secret comes, over a socket pair between this process
//          and the program; both stand in the arena.
// Errors:  unsupported: the program is not installed; timed_out, io_failed: it ended without an
//          answer; Reply::failed is the program's own word.
// Threads: one at a time.
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

// `address` of the TPM, as tpm2-tss writes it. The request says whether there is a passphrase.
Result<SlotAnswer> run_slot_program(const std::string& address, const tpm::Request& request,
                                    const Passphrase* passphrase);

}  // namespace nacre::client
