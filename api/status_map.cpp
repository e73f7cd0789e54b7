#include "api/status_map.h"

#include <array>
#include <string>

#include "nacre/rpc/status.pb.h"

namespace nacre::api {
namespace {

constexpr char kDomain[] = "nacre";
constexpr char kErrorInfoType[] = "type.googleapis.com/google.rpc.ErrorInfo";

struct Row {
    ErrorCode code;
    grpc::StatusCode status;
    std::string_view reason;
    const char* message;
};

// In the order of ErrorCode. FAILED_PRECONDITION tells a client's retry policy to leave it to a
// person; UNAVAILABLE invites a retry.
constexpr std::array kRows{
    Row{ErrorCode::invalid_argument, grpc::StatusCode::INVALID_ARGUMENT, "INVALID_ARGUMENT",
        "the request is not valid"},
    Row{ErrorCode::not_found, grpc::StatusCode::NOT_FOUND, "NOT_FOUND", "there is no such thing"},
    Row{ErrorCode::already_exists, grpc::StatusCode::ALREADY_EXISTS, "ALREADY_EXISTS",
        "it is there already"},
    Row{ErrorCode::no_vault, grpc::StatusCode::FAILED_PRECONDITION, "NO_VAULT",
        "there is no vault yet"},
    Row{ErrorCode::vault_locked, grpc::StatusCode::FAILED_PRECONDITION, "VAULT_LOCKED",
        "the vault is locked"},
    Row{ErrorCode::wrong_passphrase, grpc::StatusCode::PERMISSION_DENIED, "WRONG_PASSPHRASE",
        "no slot opens with this passphrase"},
    Row{ErrorCode::vault_damaged, grpc::StatusCode::DATA_LOSS, "VAULT_DAMAGED",
        "the vault is damaged"},
    Row{ErrorCode::vault_too_new, grpc::StatusCode::FAILED_PRECONDITION, "VAULT_TOO_NEW",
        "a newer nacre wrote the vault"},
    Row{ErrorCode::vault_in_use, grpc::StatusCode::FAILED_PRECONDITION, "VAULT_IN_USE",
        "another process uses the vault"},
    Row{ErrorCode::vault_rolled_back, grpc::StatusCode::FAILED_PRECONDITION, "VAULT_ROLLED_BACK",
        "the vault is older than the one last seen"},
    Row{ErrorCode::not_linked, grpc::StatusCode::FAILED_PRECONDITION, "NOT_LINKED",
        "no account is linked"},
    Row{ErrorCode::already_linked, grpc::StatusCode::FAILED_PRECONDITION, "ALREADY_LINKED",
        "an account is linked already"},
    Row{ErrorCode::unlinked, grpc::StatusCode::FAILED_PRECONDITION, "UNLINKED",
        "the primary removed this device"},
    Row{ErrorCode::untrusted_identity, grpc::StatusCode::FAILED_PRECONDITION, "UNTRUSTED_IDENTITY",
        "the safety number changed and has not been accepted"},
    Row{ErrorCode::unregistered, grpc::StatusCode::FAILED_PRECONDITION, "UNREGISTERED",
        "the recipient has no account"},
    Row{ErrorCode::rate_limited, grpc::StatusCode::RESOURCE_EXHAUSTED, "RATE_LIMITED",
        "it is too soon to try again"},
    Row{ErrorCode::unavailable, grpc::StatusCode::UNAVAILABLE, "UNAVAILABLE",
        "there is no connection at the moment"},
    Row{ErrorCode::timed_out, grpc::StatusCode::DEADLINE_EXCEEDED, "TIMED_OUT",
        "there was no answer in time"},
    Row{ErrorCode::rejected, grpc::StatusCode::ABORTED, "REJECTED", "the server refused"},
    Row{ErrorCode::bad_message, grpc::StatusCode::ABORTED, "BAD_MESSAGE",
        "what came from outside does not hold"},
    Row{ErrorCode::duplicate, grpc::StatusCode::ALREADY_EXISTS, "DUPLICATE",
        "it was handled already"},
    Row{ErrorCode::unsupported, grpc::StatusCode::UNIMPLEMENTED, "UNSUPPORTED",
        "it is not offered here"},
    Row{ErrorCode::unauthenticated, grpc::StatusCode::UNAUTHENTICATED, "UNAUTHENTICATED",
        "a valid token is needed"},
    Row{ErrorCode::permission_denied, grpc::StatusCode::PERMISSION_DENIED, "PERMISSION_DENIED",
        "the permissions do not allow it"},
    Row{ErrorCode::disk_full, grpc::StatusCode::RESOURCE_EXHAUSTED, "DISK_FULL",
        "the disk is full"},
    Row{ErrorCode::io_failed, grpc::StatusCode::INTERNAL, "IO_FAILED",
        "a file or socket failed"},
    Row{ErrorCode::resource_exhausted, grpc::StatusCode::RESOURCE_EXHAUSTED, "RESOURCE_EXHAUSTED",
        "a limit was reached"},
    Row{ErrorCode::environment_changed, grpc::StatusCode::FAILED_PRECONDITION,
        "ENVIRONMENT_CHANGED", "the configured environment is not the one of the link"},
    Row{ErrorCode::canceled, grpc::StatusCode::CANCELLED, "CANCELED", "it was canceled"},
    Row{ErrorCode::internal, grpc::StatusCode::INTERNAL, "INTERNAL", "nacre has a bug"},
};

constexpr bool rows_stand_in_order() {
    if (kRows.size() != kErrorCodeCount) return false;
    for (std::size_t i = 0; i < kRows.size(); ++i) {
        if (static_cast<std::size_t>(kRows[i].code) != i) return false;
    }
    return true;
}
static_assert(rows_stand_in_order());

const Row& row(ErrorCode code) { return kRows[static_cast<std::size_t>(code)]; }

// For a status without our reason: gRPC made it, or a proxy, or another version of nacre.
ErrorCode from_code(grpc::StatusCode code) {
    switch (code) {
        case grpc::StatusCode::CANCELLED: return ErrorCode::canceled;
        case grpc::StatusCode::INVALID_ARGUMENT:
        case grpc::StatusCode::OUT_OF_RANGE: return ErrorCode::invalid_argument;
        case grpc::StatusCode::DEADLINE_EXCEEDED: return ErrorCode::timed_out;
        case grpc::StatusCode::NOT_FOUND: return ErrorCode::not_found;
        case grpc::StatusCode::ALREADY_EXISTS: return ErrorCode::already_exists;
        case grpc::StatusCode::PERMISSION_DENIED: return ErrorCode::permission_denied;
        case grpc::StatusCode::RESOURCE_EXHAUSTED: return ErrorCode::resource_exhausted;
        case grpc::StatusCode::FAILED_PRECONDITION:
        case grpc::StatusCode::ABORTED: return ErrorCode::rejected;
        case grpc::StatusCode::UNIMPLEMENTED: return ErrorCode::unsupported;
        case grpc::StatusCode::UNAVAILABLE: return ErrorCode::unavailable;
        case grpc::StatusCode::UNAUTHENTICATED: return ErrorCode::unauthenticated;
        default: return ErrorCode::internal;
    }
}

}  // namespace

grpc::Status to_status(const Error& error) {
    const Row& found = row(error.code);
    rpc::ErrorInfo info;
    info.set_reason(std::string{found.reason});
    info.set_domain(kDomain);
    rpc::Status status;
    status.set_code(found.status);
    status.set_message(found.message);
    rpc::Detail& detail = *status.add_details();
    detail.set_type_url(kErrorInfoType);
    detail.set_value(info.SerializeAsString());
    return {found.status, found.message, status.SerializeAsString()};
}

std::string_view reason(ErrorCode code) { return row(code).reason; }

bool from_reason(std::string_view reason, ErrorCode& code) {
    for (const Row& candidate : kRows) {
        if (candidate.reason != reason) continue;
        code = candidate.code;
        return true;
    }
    return false;
}

ErrorCode from_status(const grpc::Status& status) {
    rpc::Status details;
    if (details.ParseFromString(status.error_details())) {
        for (const rpc::Detail& detail : details.details()) {
            rpc::ErrorInfo info;
            ErrorCode code{};
            if (detail.type_url() == kErrorInfoType && info.ParseFromString(detail.value()) &&
                info.domain() == kDomain && from_reason(info.reason(), code)) {
                return code;
            }
        }
    }
    return from_code(status.error_code());
}

}  // namespace nacre::api
