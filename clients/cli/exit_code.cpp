#include "clients/cli/exit_code.h"

#include <cstdlib>

namespace nacre::cli {

ExitCode exit_code(ErrorCode code) {
    switch (code) {
        case ErrorCode::vault_locked: return ExitCode::locked;
        case ErrorCode::untrusted_identity: return ExitCode::untrusted_identity;
        case ErrorCode::rate_limited: return ExitCode::rate_limited;
        case ErrorCode::unavailable:
        case ErrorCode::timed_out:
        case ErrorCode::rejected:
        case ErrorCode::disk_full:
        case ErrorCode::io_failed:
        case ErrorCode::resource_exhausted:
        case ErrorCode::vault_damaged:
        case ErrorCode::vault_in_use: return ExitCode::io_error;
        case ErrorCode::bad_message:
        case ErrorCode::internal: return ExitCode::unexpected;
        case ErrorCode::invalid_argument:
        case ErrorCode::not_found:
        case ErrorCode::already_exists:
        case ErrorCode::no_vault:
        case ErrorCode::wrong_passphrase:
        case ErrorCode::vault_too_new:
        case ErrorCode::vault_rolled_back:
        case ErrorCode::not_linked:
        case ErrorCode::already_linked:
        case ErrorCode::unlinked:
        case ErrorCode::unregistered:
        case ErrorCode::duplicate:
        case ErrorCode::unsupported:
        case ErrorCode::unauthenticated:
        case ErrorCode::permission_denied:
        case ErrorCode::environment_changed:
        case ErrorCode::canceled: return ExitCode::user_error;
    }
    std::abort();
}

}  // namespace nacre::cli
