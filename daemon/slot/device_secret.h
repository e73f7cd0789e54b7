// DeviceSecret: the secret of a TPM slot, made with a new sealed object or had from an old one.
//
// Layer:   daemon/slot.
// Secrets: passphrase, what the TPM keeps, and what is made of the two; in the arena.
// Errors:  as listed in api/tpm/wire.h.
// Threads: one; Argon2id starts its own.
// Format:  vault/FORMAT.md, section 11.
#pragma once

#include "daemon/slot/tpm.h"

namespace nacre::slot {

struct NewSlot {
    Secret<32> secret;
    tpm::SlotFile file;
};

// The passphrase, if there is one, is needed from then on.
Result<NewSlot> make_slot(Tpm& tpm, Registers registers, const Passphrase* passphrase);

// invalid_argument: a passphrase is missing, or not wanted.
Result<Secret<32>> open_slot(Tpm& tpm, const tpm::SlotFile& file, const Passphrase* passphrase);

}  // namespace nacre::slot
