// BadBytes: gives requests that protobuf cannot parse (text that is not UTF-8, a truncated message)
// the same INVALID_ARGUMENT as every other request that cannot be right. gRPC itself would say
// INTERNAL, or UNIMPLEMENTED on streams, without a reason, and no handler ever sees the call.
//
// Layer:   daemon/vaultd.
// Threads: gRPC's.
#pragma once

#include <grpcpp/grpcpp.h>
#include <grpcpp/support/server_interceptor.h>

#include <string_view>

#include "daemon/vaultd/gate.h"

namespace nacre::vaultd {

class BadBytes final : public grpc::experimental::Interceptor {
public:
    void Intercept(grpc::experimental::InterceptorBatchMethods* methods) override {
        using grpc::experimental::InterceptionHookPoints;
        if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_STATUS)) {
            const grpc::Status status = methods->GetSendStatus();
            // Every error of ours has details.
            const bool grpcs_own = status.error_details().empty() &&
                                   (status.error_code() == grpc::StatusCode::INTERNAL ||
                                    status.error_code() == grpc::StatusCode::UNIMPLEMENTED);
            if (grpcs_own) {
                methods->ModifySendStatus(
                    close_call("request", Error{ErrorCode::invalid_argument, "parse"}));
            }
        }
        methods->Proceed();
    }
};

class BadBytesFactory final : public grpc::experimental::ServerInterceptorFactoryInterface {
public:
    grpc::experimental::Interceptor* CreateServerInterceptor(
        grpc::experimental::ServerRpcInfo* call) override {
        const bool ours = std::string_view{call->method()}.starts_with("/nacre.v1.");
        return ours ? new BadBytes : nullptr;
    }
};

}  // namespace nacre::vaultd
