// Secrets that a command needs, from where its options say: the terminal, a descriptor, a file.
//
// Layer:   clients/cli.
// Secrets: they stand in the arena; a recovery key is shown on purpose, once.
// Errors:  reported through Session; the result is what to exit with.
// Threads: one.
#pragma once

#include <optional>
#include <string_view>
#include <variant>

#include "clients/cli/session.h"
#include "nacre/v1/slots.pb.h"
#include "sandbox/secret.h"

namespace nacre::cli {

using SecretOrExit = std::variant<Passphrase, ExitCode>;

// One that opens the vault: a passphrase unless the options name a recovery key, a key file or the TPM.
SecretOrExit ask_current_secret(Session& session, std::string_view question);

// A passphrase typed twice at a terminal, and judged: a hopeless one is refused without --force.
SecretOrExit ask_new_passphrase(Session& session, std::string_view question);

// The present secret of this slot, by its type.
SecretOrExit ask_slot_secret(Session& session, const v1::Slot& slot);

// A new secret of this type: asked for, read, or made; what was made is shown.
SecretOrExit ask_new_secret(Session& session, v1::Slot::Type type);

// "the passphrase 'work'", for questions and lists.
std::string slot_name(const v1::Slot& slot);
// "passphrase", "recovery key", …
std::string_view type_name(v1::Slot::Type type);

// For RATE_LIMITED: how long it still takes.
ExitCode fail_waiting(Session& session);

}  // namespace nacre::cli
