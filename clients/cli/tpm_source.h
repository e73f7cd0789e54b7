// Secrets of TPM slots: had from, or made with, the TPM by nacre-slot, and the file that goes with it.
//
// Layer:   clients/cli.
// Secrets: in the arena.
// Errors:  reported through Session; the result is what to exit with.
// Threads: one.
#pragma once

#include <optional>

#include "clients/cli/secret_source.h"
#include "nacre/v1/slots.pb.h"

namespace nacre::cli {

// That of the TPM slot whose file this command keeps; asks for the passphrase that goes with it.
SecretOrExit ask_tpm(Session& session);
// The same, if it is this slot's.
SecretOrExit ask_tpm_of(Session& session, const v1::Slot& slot);

// Whether the file may become that of `slot` (none: of a new one): not while it is that of another
// slot which is among `slots`.
std::optional<ExitCode> check_tpm_file(Session& session, const v1::ListSlotsResponse& slots,
                                       std::optional<std::uint32_t> slot);

// A new one, bound to the registers as they are now. Its file counts only from keep_tpm_slot() on.
SecretOrExit make_tpm_secret(Session& session);
std::optional<ExitCode> keep_tpm_slot(Session& session, std::uint32_t slot);
// The vault has refused it.
void drop_tpm_slot(const Session& session);
// The vault has refused the secret of the file: true if there is a newer file, now taken, that an
// interrupted command left.
bool take_newer_tpm_slot(const Session& session);

// Removed from the vault: its file goes as well.
std::optional<ExitCode> forget_tpm_slot(Session& session, const v1::Slot& slot);

}  // namespace nacre::cli
