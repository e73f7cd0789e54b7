#include "clients/common/error_text.h"

#include <cstdlib>

namespace nacre::client {

std::string_view error_text(ErrorCode code) {
    switch (code) {
        case ErrorCode::invalid_argument:
            return "The request is not valid: check what was given.";
        case ErrorCode::not_found: return "There is nothing by that name or id.";
        case ErrorCode::already_exists: return "It is there already; nothing was changed.";
        case ErrorCode::no_vault: return "There is no vault yet: make one with 'nacre init'.";
        case ErrorCode::vault_locked: return "The vault is locked: open it with 'nacre unlock'.";
        case ErrorCode::wrong_passphrase:
            return "The passphrase is wrong; nothing was changed. Try again.";
        case ErrorCode::vault_damaged:
            return "The vault is damaged: what is missing or not as it was written is not used. "
                   "Keep its files as they are, and put back a copy of the whole folder.";
        case ErrorCode::vault_too_new:
            return "A newer nacre wrote this vault: install that version or a later one.";
        case ErrorCode::vault_in_use:
            return "Another process has the vault open: stop the other daemon first.";
        case ErrorCode::vault_rolled_back:
            return "This is an older copy of the vault than the one last opened here. If you put "
                   "it back yourself, open it with 'nacre unlock --accept-older-header'.";
        case ErrorCode::not_linked:
            return "No account is linked yet: link one with 'nacre link'.";
        case ErrorCode::already_linked:
            return "This vault belongs to an account already; another account needs another "
                   "instance ('--instance').";
        case ErrorCode::unlinked:
            return "The phone removed this device: link it again with 'nacre link'. What was "
                   "received stays readable.";
        case ErrorCode::untrusted_identity:
            return "The safety number has changed and is not accepted. Compare it with the other "
                   "person, then 'nacre accept-identity'; waiting messages go out then.";
        case ErrorCode::unregistered: return "The recipient has no Signal account (any more).";
        case ErrorCode::rate_limited: return "It is too soon to try again: wait, as 'nacre status' or the server says.";
        case ErrorCode::unavailable:
            return "There is no connection at the moment: see 'nacre status', and try again.";
        case ErrorCode::timed_out: return "There was no answer in time: try again.";
        case ErrorCode::rejected: return "The server refused; trying again will not help.";
        case ErrorCode::bad_message:
            return "What came from outside is damaged or not genuine and was not used.";
        case ErrorCode::duplicate: return "This was handled already.";
        case ErrorCode::unsupported:
            return "The daemon does not offer this: check that 'nacre' and the daemon are of the "
                   "same version.";
        case ErrorCode::unauthenticated:
            return "The daemon does not know this client's token: name the right file with "
                   "'--token-file', or restart the daemon and get a new one with 'nacre unlock "
                   "--new-token'.";
        case ErrorCode::permission_denied:
            return "Permission is missing: check the token's scopes and the files' owner and mode.";
        case ErrorCode::disk_full:
            return "The disk is full: make room and try again. Nothing was lost.";
        case ErrorCode::io_failed:
            return "A file or socket failed: the daemon's journal says which.";
        case ErrorCode::resource_exhausted:
            return "Memory, descriptors or another limit ran out: try again with less at a time.";
        case ErrorCode::environment_changed:
            return "The configured servers are not those of the link: correct the configuration, "
                   "or accept it with 'nacre accept-environment'.";
        case ErrorCode::canceled: return "Canceled.";
        case ErrorCode::internal:
            return "That is a bug in nacre: please report it with the lines of the daemon's "
                   "journal, which hold no message text.";
    }
    std::abort();
}

}  // namespace nacre::client
