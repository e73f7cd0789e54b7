#include "api/status_map.h"

namespace nacre::api {

grpc::Status to_status(const Error&) { return {grpc::StatusCode::INTERNAL, ""}; }
std::string_view reason(ErrorCode code) { return to_string(code); }
ErrorCode from_status(const grpc::Status&) { return ErrorCode::internal; }

}  // namespace nacre::api
