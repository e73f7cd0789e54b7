// Network and Pending: the part of chat.h that is about no single connection.
#include "daemon/libsignal/async_call.h"

namespace nacre::signal {
namespace {

// libsignal's numbers of HTTP versions and build variants.
constexpr double kHttp2 = 2;
constexpr double kProductionBuild = 0;

Result<Typed<native::ConnectionManager>> make_manager(Host& host, const NetworkOptions& options) {
    if (const auto* local = std::get_if<LocalService>(&options.service)) {
        // It has no port 0; what we never use gets one where nobody listens.
        constexpr double kUnused = 1;
        return call(host, native::TESTING_ConnectionManager_newLocalOverride, options.user_agent,
                    local->port, kUnused, kUnused, kUnused, local->root_certificate_der, kHttp2);
    }
    const auto no_configuration = NACRE_TRY(call(host, native::BridgedStringMap_new, 0));
    const auto service = static_cast<double>(std::get<Service>(options.service));
    return call(host, native::ConnectionManager_new, service, options.user_agent, no_configuration,
                kProductionBuild);
}

std::optional<std::string_view> view_of(const std::optional<std::string>& text) {
    return text ? std::optional<std::string_view>{*text} : std::nullopt;
}

Result<void> use_proxy(Host& host, const Typed<native::ConnectionManager>& manager,
                       const Proxy& proxy) {
    const auto configuration =
        NACRE_TRY(call(host, native::ConnectionProxyConfig_new, proxy.scheme, proxy.host,
                       proxy.port, view_of(proxy.user), view_of(proxy.password)));
    return call(host, native::ConnectionManager_set_proxy, manager, configuration);
}

}  // namespace

Network::Network(std::unique_ptr<Parts> parts) : parts_{std::move(parts)} {}

Network::~Network() = default;

Result<std::unique_ptr<Network>> Network::open(Host& host, const NetworkOptions& options) {
    auto runtime = NACRE_TRY(call(host, native::TokioAsyncContext_new));
    auto manager = NACRE_TRY(make_manager(host, options));
    std::unique_ptr<Network> network{new Network{std::unique_ptr<Parts>{
        new Parts{host,
                  std::make_shared<const Typed<native::TokioAsyncContext>>(std::move(runtime)),
                  std::move(manager)}}}};
    if (options.proxy) NACRE_TRY(network->set_proxy(options.proxy));
    return network;
}

Result<void> Network::set_proxy(const std::optional<Proxy>& proxy) {
    Host& host = parts_->host;
    if (!proxy) return call(host, native::ConnectionManager_clear_proxy, parts_->manager);
    const auto used = use_proxy(host, parts_->manager, *proxy);
    if (used) return {};
    NACRE_TRY(call(host, native::ConnectionManager_set_invalid_proxy, parts_->manager));
    Error error = used.error();
    error.code = ErrorCode::invalid_argument;
    return error;
}

Result<void> Network::network_changed() {
    return call(parts_->host, native::ConnectionManager_on_network_change, parts_->manager);
}

void Pending::cancel() {
    if (state_ == nullptr || state_->done) return;
    const auto runtime = state_->runtime.lock();
    if (runtime == nullptr) return;
    // It fails only for a call that has ended meanwhile.
    [[maybe_unused]] const auto canceled =
        call(state_->host, native::TokioAsyncContext_cancel, *runtime, state_->token);
}

Pending finish_later(Network::Parts& network, Result<Started> started, OnOutcome done) {
    auto& environment = network.host.library().environment();
    if (!started) {
        environment.run_later([error = started.error(), done = std::move(done)] { done(error); });
        return {};
    }
    auto& promise = *started->promise;
    auto state = std::make_shared<Pending::State>(Pending::State{network.host, network.runtime});
    auto* token = napi::as<napi::BigInt>(promise.get("_cancellationToken"), napi::Kind::bigint);
    if (token != nullptr) state->token = token->value;
    promise.on_settled(
        [state, name = started->name, done = std::move(done)](napi::Promise& settled) {
            state->done = true;
            if (settled.state() == napi::Promise::State::rejected) {
                done(error_from(settled.outcome(), name));
            } else {
                done(settled.outcome());
            }
        });
    return Pending{std::move(state)};
}

}  // namespace nacre::signal
