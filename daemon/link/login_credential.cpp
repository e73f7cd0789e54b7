#include "daemon/link/login_credential.h"

#include <string_view>

#include "daemon/base/credential.h"

namespace nacre::link {
namespace {

constexpr std::string_view kFirstLine = "nacre login 1\n";

}  // namespace

Result<std::string> write_login_credential(const courier::v1::LoginRequest& login) {
    std::string out;
    out.reserve(kFirstLine.size() + login.ByteSizeLong());  // no copy of it is left behind
    out = kFirstLine;
    if (!login.AppendToString(&out)) return Error{ErrorCode::internal, "write the login"};
    if (out.size() > daemon::kMostLoginCredential)
        return Error{ErrorCode::resource_exhausted, "login credential: too large"};
    return out;
}

Result<courier::v1::LoginRequest> parse_login_credential(ByteView bytes) {
    if (bytes.size() > daemon::kMostLoginCredential)
        return Error{ErrorCode::resource_exhausted, "login credential: too large"};
    if (!as_text(bytes).starts_with(kFirstLine))
        return Error{ErrorCode::bad_message, "login credential: first line"};
    const ByteView body = bytes.subspan(kFirstLine.size());
    courier::v1::LoginRequest login;
    if (!login.ParseFromArray(body.data(), static_cast<int>(body.size())))
        return Error{ErrorCode::bad_message, "login credential: content"};
    return login;
}

}  // namespace nacre::link
