#include "api/base/error.h"

#include <cerrno>
#include <cstdlib>

namespace nacre {

std::string_view to_string(ErrorCode code) {
    switch (code) {
        case ErrorCode::invalid_argument: return "invalid_argument";
        case ErrorCode::not_found: return "not_found";
        case ErrorCode::already_exists: return "already_exists";
        case ErrorCode::no_vault: return "no_vault";
        case ErrorCode::vault_locked: return "vault_locked";
        case ErrorCode::wrong_passphrase: return "wrong_passphrase";
        case ErrorCode::vault_damaged: return "vault_damaged";
        case ErrorCode::vault_too_new: return "vault_too_new";
        case ErrorCode::vault_in_use: return "vault_in_use";
        case ErrorCode::vault_rolled_back: return "vault_rolled_back";
        case ErrorCode::not_linked: return "not_linked";
        case ErrorCode::already_linked: return "already_linked";
        case ErrorCode::unlinked: return "unlinked";
        case ErrorCode::untrusted_identity: return "untrusted_identity";
        case ErrorCode::unregistered: return "unregistered";
        case ErrorCode::rate_limited: return "rate_limited";
        case ErrorCode::unavailable: return "unavailable";
        case ErrorCode::timed_out: return "timed_out";
        case ErrorCode::rejected: return "rejected";
        case ErrorCode::bad_message: return "bad_message";
        case ErrorCode::duplicate: return "duplicate";
        case ErrorCode::unsupported: return "unsupported";
        case ErrorCode::unauthenticated: return "unauthenticated";
        case ErrorCode::permission_denied: return "permission_denied";
        case ErrorCode::disk_full: return "disk_full";
        case ErrorCode::io_failed: return "io_failed";
        case ErrorCode::resource_exhausted: return "resource_exhausted";
        case ErrorCode::environment_changed: return "environment_changed";
        case ErrorCode::canceled: return "canceled";
        case ErrorCode::internal: return "internal";
    }
    std::abort();
}

Error os_error(Literal where, int os_errno) {
    switch (os_errno) {
        case ENOSPC:
        case EDQUOT: return {ErrorCode::disk_full, where, os_errno};
        case EACCES:
        case EPERM:
        case EROFS: return {ErrorCode::permission_denied, where, os_errno};
        case ENOENT: return {ErrorCode::not_found, where, os_errno};
        case ENOMEM:
        case EMFILE:
        case ENFILE: return {ErrorCode::resource_exhausted, where, os_errno};
        default: return {ErrorCode::io_failed, where, os_errno};
    }
}

}  // namespace nacre
