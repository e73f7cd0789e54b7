// What several commands ask first: how the vault is; and the passphrase for it.
//
// Layer:   clients/cli.
// Secrets: the passphrase, in the arena.
// Errors:  reported through Session; the result is what to exit with.
// Threads: one.
#pragma once

#include <optional>
#include <string_view>

#include "clients/cli/session.h"
#include "nacre/v1/vault.grpc.pb.h"
#include "sandbox/secret.h"

namespace nacre::cli {

// The name of this command's token in the vault.
inline constexpr char kClientName[] = "nacre-cli";

std::optional<ExitCode> get_status(Session& session, v1::GetStatusResponse& status);

// From --passphrase-fd, else from the terminal.
Result<Passphrase> ask_passphrase(const Session& session, std::string_view question);
ExitCode fail_passphrase(const Session& session, const Error& error);

// Into the token file. When that fails, the token is shown once, so that it is not lost.
std::optional<ExitCode> keep_token(const Session& session, const std::string& token);

}  // namespace nacre::cli
