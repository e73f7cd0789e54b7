// The six services: rpc_<service>.cpp holds the handlers, one small call to serve() each.
//
// Layer:   daemon/vaultd.
// Secrets: the vault's (rpc_vault.cpp, rpc_slots.cpp); message text in requests and replies.
// Threads: handlers run on gRPC's threads, streams on one of their own.
#pragma once

#include <grpcpp/impl/service_type.h>

#include <functional>
#include <memory>

#include "daemon/vaultd/gate.h"
#include "daemon/vaultd/operations.h"
#include "daemon/vaultd/secret_socket.h"

namespace nacre::vaultd {

// What the handlers work with; outlives the services.
struct RpcContext {
    Operations& operations;
    Gate& gate;
    SecretSocket& secrets;
    std::function<void()> on_unlocked;  // the vault is open now
};

std::unique_ptr<grpc::Service> make_vault_service(RpcContext& context);
std::unique_ptr<grpc::Service> make_linking_service(RpcContext& context);
std::unique_ptr<grpc::Service> make_conversations_service(RpcContext& context);
std::unique_ptr<grpc::Service> make_messages_service(RpcContext& context);
std::unique_ptr<grpc::Service> make_events_service(RpcContext& context);
std::unique_ptr<grpc::Service> make_slots_service(RpcContext& context);

}  // namespace nacre::vaultd
