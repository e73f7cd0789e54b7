#include "daemon/vaultd/refused_connections.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <iterator>

#include "api/status_map.h"

namespace nacre::vaultd {
namespace {

using grpc::experimental::InterceptionHookPoints;
using grpc::experimental::InterceptorBatchMethods;
using grpc::experimental::ServerRpcInfo;

class Watch final : public grpc::experimental::Interceptor {
public:
    Watch(RefusedConnections& connections, ServerRpcInfo& call)
        : connections_{connections}, call_{call} {}
    ~Watch() override {
        if (connection_ >= 0) connections_.end(connection_);
    }

    void Intercept(InterceptorBatchMethods* methods) override {
        if (methods->QueryInterceptionHookPoint(
                InterceptionHookPoints::POST_RECV_INITIAL_METADATA)) {
            connection_ = descriptor_of(call_.server_context()->peer());
            if (connection_ >= 0) connections_.begin(connection_);
        }
        if (connection_ >= 0 &&
            methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_STATUS) &&
            api::from_status(methods->GetSendStatus()) == ErrorCode::vault_locked)
            connections_.refused(connection_);
        methods->Proceed();
    }

private:
    RefusedConnections& connections_;
    ServerRpcInfo& call_;
    int connection_ = -1;
};

class WatchFactory final : public grpc::experimental::ServerInterceptorFactoryInterface {
public:
    explicit WatchFactory(RefusedConnections& connections) : connections_{connections} {}
    grpc::experimental::Interceptor* CreateServerInterceptor(ServerRpcInfo* call) override {
        return new Watch{connections_, *call};
    }

private:
    RefusedConnections& connections_;
};

}  // namespace

int descriptor_of(std::string_view peer) {
    constexpr std::string_view kPrefix = "fd:";
    if (!peer.starts_with(kPrefix)) return -1;
    peer.remove_prefix(kPrefix.size());
    int number = -1;
    const auto parsed = std::from_chars(peer.data(), peer.data() + peer.size(), number);
    const bool whole = parsed.ec == std::errc{} && parsed.ptr == peer.data() + peer.size();
    return whole && number >= 0 ? number : -1;
}

RefusedConnections::RefusedConnections(std::function<bool()> is_open,
                                       std::chrono::milliseconds stay)
    : is_open_{std::move(is_open)}, stay_{stay}, thread_{[this] { run(); }} {}

RefusedConnections::~RefusedConnections() {
    {
        const std::lock_guard lock{mutex_};
        stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
}

std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> RefusedConnections::watch() {
    return std::make_unique<WatchFactory>(*this);
}

void RefusedConnections::begin(int connection) {
    const std::lock_guard lock{mutex_};
    ++connections_[connection].calls;
}

void RefusedConnections::end(int connection) {
    const std::lock_guard lock{mutex_};
    const auto place = connections_.find(connection);
    if (place == connections_.end() || --place->second.calls > 0) return;
    if (place->second.own)
        changed_.notify_all();
    else
        connections_.erase(place);
}

void RefusedConnections::refused(int connection) {
    daemon::Descriptor own{fcntl(connection, F_DUPFD_CLOEXEC, 0)};
    if (!own) return;
    const std::lock_guard lock{mutex_};
    Connection& entry = connections_[connection];
    // One of an earlier connection of that number would be worth nothing.
    if (!entry.own) entry.due = Clock::now() + stay_;
    entry.own = std::move(own);
    changed_.notify_all();
}

void RefusedConnections::run() {
    std::unique_lock lock{mutex_};
    while (!stopping_) {
        const Clock::time_point next = end_due();
        if (next == Clock::time_point::max())
            changed_.wait(lock);
        else
            changed_.wait_until(lock, next);
    }
}

// When the next one is due.
RefusedConnections::Clock::time_point RefusedConnections::end_due() {
    Clock::time_point next = Clock::time_point::max();
    const bool open = is_open_();
    for (auto place = connections_.begin(); place != connections_.end();) {
        Connection& entry = place->second;
        if (entry.own && open) entry.own.reset();
        if (entry.own && entry.calls == 0 && entry.due <= Clock::now()) {
            shutdown(entry.own.get(), SHUT_RDWR);
            entry.own.reset();
        }
        if (entry.own && entry.calls == 0) next = std::min(next, entry.due);
        place = entry.calls == 0 && !entry.own ? connections_.erase(place) : std::next(place);
    }
    return next;
}

}  // namespace nacre::vaultd
