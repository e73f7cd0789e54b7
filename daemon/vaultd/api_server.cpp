#include "daemon/vaultd/api_server.h"

#include <google/protobuf/stubs/logging.h>
#include <grpc/support/log.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/server_posix.h>

#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "api/base/log.h"
#include "daemon/vaultd/admission.h"
#include "daemon/vaultd/bad_bytes.h"
#include "daemon/vaultd/gate.h"
#include "daemon/vaultd/refused_connections.h"
#include "daemon/vaultd/rpc.h"
#include "daemon/vaultd/secret_socket.h"
#include "nacre/v1/vault.grpc.pb.h"

extern char** environ;

namespace nacre::vaultd {
namespace {

// The largest request is a text of 64 KiB; the largest reply a page (reply_page.h) and one row.
constexpr int kMaxRequestBytes = 256 << 10;
constexpr int kMaxReplyBytes = 4 << 20;
constexpr int kMaxThreads = 16;
constexpr std::size_t kMaxMemory = 32 << 20;
constexpr std::chrono::milliseconds kStopInDestructor{2000};
// For replies under way, such as that of Lock itself.
constexpr std::chrono::milliseconds kGrace{30};

bool starts_with(const char* text, const char* prefix) {
    return std::strncmp(text, prefix, std::strlen(prefix)) == 0;
}

bool is_grpc_variable(const char* entry) {
    for (const char* prefix : {"GRPC_", "http_proxy=", "https_proxy=", "all_proxy=", "no_proxy=",
                               "no_grpc_proxy=", "grpc_proxy=", "HTTP_PROXY=", "HTTPS_PROXY=",
                               "ALL_PROXY=", "NO_PROXY="}) {
        if (starts_with(entry, prefix)) return true;
    }
    return false;
}

}  // namespace

void clear_grpc_environment() {
    std::vector<std::string> names;
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        if (!is_grpc_variable(*entry)) continue;
        names.emplace_back(*entry, std::strcspn(*entry, "="));
    }
    // NOLINTNEXTLINE(concurrency-mt-unsafe): before there are threads.
    for (const std::string& name : names) unsetenv(name.c_str());
}

struct ApiServer::State {
    explicit State(Operations& operations)
        : gate{operations}, refused{[&operations] {
              return operations.vault_state() == VaultState::unlocked;
          }} {}

    // Opened or not, a service is there; health says whether calling it has a point.
    void set_serving(bool unlocked) const {
        grpc::HealthCheckServiceInterface* health = server->GetHealthCheckService();
        health->SetServingStatus(v1::VaultService::service_full_name(), true);
        for (const char* service : services_behind_the_lock()) {
            health->SetServingStatus(service, unlocked);
        }
    }

    // In the order in which they may go.
    Gate gate;
    RefusedConnections refused;
    std::unique_ptr<SecretSocket> secrets;
    std::unique_ptr<RpcContext> context;
    std::vector<std::unique_ptr<grpc::Service>> services;
    std::unique_ptr<grpc::Server> server;
    std::unique_ptr<Acceptor> acceptor;

    std::mutex mutex;
    std::condition_variable changed;
    bool stopped = false;
};

namespace {

// Their words are not made of literals and numbers; ours say what matters.
void silence_libraries() {
    gpr_set_log_function([](gpr_log_func_args*) {});
    google::protobuf::SetLogHandler(nullptr);
}

std::unique_ptr<grpc::Server> build(const std::vector<std::unique_ptr<grpc::Service>>& services,
                                    RefusedConnections& refused) {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    grpc::ResourceQuota quota{"api"};
    quota.Resize(kMaxMemory);
    quota.SetMaxThreads(kMaxThreads);
    grpc::ServerBuilder builder;
    builder.SetResourceQuota(quota);
    builder.SetMaxReceiveMessageSize(kMaxRequestBytes);
    builder.SetMaxSendMessageSize(kMaxReplyBytes);
    builder.SetSyncServerOption(grpc::ServerBuilder::NUM_CQS, 1);
    builder.SetSyncServerOption(grpc::ServerBuilder::MIN_POLLERS, 1);
    builder.SetSyncServerOption(grpc::ServerBuilder::MAX_POLLERS, 2);
    std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> interceptors;
    interceptors.push_back(std::make_unique<BadBytesFactory>());
    interceptors.push_back(refused.watch());
    builder.experimental().SetInterceptorCreators(std::move(interceptors));
    for (const auto& service : services) builder.RegisterService(service.get());
    return builder.BuildAndStart();
}

}  // namespace

ApiServer::ApiServer(std::shared_ptr<State> state) : state_{std::move(state)} {}

Result<std::unique_ptr<ApiServer>> ApiServer::start(ApiSockets sockets, PeerRule peers,
                                                    Operations& operations) {
    silence_libraries();
    auto state = std::make_shared<State>(operations);
    state->secrets = NACRE_TRY(SecretSocket::start(std::move(sockets.secret), peers));
    state->context = std::make_unique<RpcContext>(RpcContext{
        operations, state->gate, *state->secrets, [raw = state.get()] { raw->set_serving(true); }});
    state->services.push_back(make_vault_service(*state->context));
    state->services.push_back(make_linking_service(*state->context));
    state->services.push_back(make_conversations_service(*state->context));
    state->services.push_back(make_messages_service(*state->context));
    state->services.push_back(make_events_service(*state->context));
    state->services.push_back(make_slots_service(*state->context));
    state->server = build(state->services, state->refused);
    if (state->server == nullptr) return Error{ErrorCode::internal, "gRPC server"};
    state->set_serving(operations.vault_state() == VaultState::unlocked);
    auto take = [raw = state.get()](daemon::Descriptor connection) {
        grpc::AddInsecureChannelFromFd(raw->server.get(), connection.release());
    };
    // Last: from here on there are calls.
    state->acceptor = NACRE_TRY(
        Acceptor::start(std::move(sockets.api), std::move(peers), true, std::move(take)));
    return std::unique_ptr<ApiServer>{new ApiServer{std::move(state)}};
}

ApiServer::~ApiServer() {
    const Result<void> stopped = stop(kStopInDestructor);
    if (!stopped.ok()) log::write(log::Level::warning, "API server", stopped.error());
}

Result<void> ApiServer::stop(std::chrono::milliseconds most) {
    if (state_ == nullptr) return {};
    const auto state = std::exchange(state_, nullptr);
    state->acceptor->stop();
    state->secrets->stop();
    state->gate.close();
    // gRPC waits for handlers without end; so that we do not, it waits on a thread of its own, which
    // keeps the state alive.
    std::thread closing{[state] {
        state->server->Shutdown(std::chrono::system_clock::now() + kGrace);
        const std::lock_guard lock{state->mutex};
        state->stopped = true;
        state->changed.notify_all();
    }};
    std::unique_lock lock{state->mutex};
    const bool stopped = state->changed.wait_for(lock, most, [&] { return state->stopped; });
    lock.unlock();
    if (!stopped) {
        closing.detach();
        return Error{ErrorCode::timed_out, "calls left over"};
    }
    closing.join();
    return {};
}

}  // namespace nacre::vaultd
