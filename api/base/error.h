// Error: what went wrong, as one of a closed set of codes a user or caller can act on.
//
// Layer:   api/base. Includes nothing of nacre.
// Secrets: none can enter: `where` is a literal checked at compile time, `name` an identifier from
//          libsignal's closed list of error names.
// Threads: values; use from any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace nacre {

// Each code is something a user or a caller does something different about. api/status_map maps
// them to gRPC; clients/common/error_text maps them to sentences.
enum class ErrorCode : std::uint8_t {
    invalid_argument,     // the request cannot be right as written
    not_found,            // no such conversation, message, recipient
    already_exists,       // a vault, a client request id with other content
    no_vault,             // nothing to unlock yet: create one
    vault_locked,         // needs the passphrase first
    wrong_passphrase,     // no slot opens with it
    vault_damaged,        // header or database fails its check
    vault_too_new,        // written by a newer nacre
    vault_in_use,         // another process holds the vault
    vault_rolled_back,    // an older copy than the one last seen
    not_linked,           // no account yet
    already_linked,       // an account is there, or a different one is asked for
    unlinked,             // the primary removed this device
    untrusted_identity,   // the safety number changed and has not been accepted
    unregistered,         // the recipient has no account
    rate_limited,         // the server asks to wait
    unavailable,          // no connection, no courier, peer gone: try again
    timed_out,            // no answer in time
    rejected,             // the server or peer refuses for good
    bad_message,          // bytes from outside that do not parse, verify or decrypt
    duplicate,            // already handled
    unsupported,          // known, but not built or not offered here
    unauthenticated,      // no token, or an unknown one
    permission_denied,    // the token's scopes, the file's mode
    disk_full,            // ENOSPC, EDQUOT
    io_failed,            // any other failure of a file or socket
    resource_exhausted,   // memory, descriptors, a size limit
    environment_changed,  // configuration differs from what was fixed at link time
    canceled,             // asked to stop
    internal,             // a bug in nacre
};

inline constexpr int kErrorCodeCount = static_cast<int>(ErrorCode::internal) + 1;

// The enumerator's name, for logs and tests.
std::string_view to_string(ErrorCode code);

// Text that stands in the source. Text built at run time does not compile.
class Literal {
public:
    // NOLINTNEXTLINE(google-explicit-constructor): a string literal is meant to convert.
    consteval Literal(const char* text) : text_{text} {}
    constexpr const char* c_str() const { return text_; }

private:
    const char* text_;
};

struct Error {
    ErrorCode code;
    Literal where;          // the operation, for the journal; never shown to clients
    int os_error = 0;       // errno, or 0
    const char* name = "";  // libsignal's error name ("InvalidSession"), or ""; static storage
};

// Maps errno to the code that a caller can act on: disk_full, permission_denied, not_found,
// resource_exhausted, else io_failed.
Error os_error(Literal where, int os_errno);

}  // namespace nacre
