#include "daemon/courier/dialer.h"

#include <utility>

namespace nacre::courier {
namespace {

Acknowledge acknowledge_by(signal::Ack ack) {
    // Copies of a std::function share the one acknowledgement.
    return [shared = std::make_shared<signal::Ack>(std::move(ack))](std::uint16_t status) {
        // If it fails the connection is gone, and the message comes again.
        static_cast<void>(shared->send(status).ok());
    };
}

signal::ChatListener translate(LineListener listener) {
    signal::ChatListener out;
    if (listener.message)
        out.message = [take = std::move(listener.message)](Bytes envelope, std::int64_t server_ms,
                                                           signal::Ack ack) {
            take(std::move(envelope), server_ms, acknowledge_by(std::move(ack)));
        };
    out.queue_empty = std::move(listener.queue_empty);
    out.alerts = std::move(listener.alerts);
    out.server_time = std::move(listener.server_time);
    out.interrupted = std::move(listener.interrupted);
    return out;
}

template <class Connection>
class SignalLine final : public Line {
public:
    explicit SignalLine(std::unique_ptr<Connection> connection)
        : connection_{std::move(connection)} {}

    void send(const signal::Request& request, signal::OnResponse done) override {
        if constexpr (requires { connection_->send(request, done); })
            connection_->send(request, std::move(done));
        else
            done(Error{ErrorCode::internal, "request on a provisioning connection"});
    }

    void disconnect(std::function<void()> done) override {
        connection_->disconnect([done = std::move(done)](Result<void>) { done(); });
    }

private:
    std::unique_ptr<Connection> connection_;
};

template <class Connection>
auto line_to(Dialer::OnLine done) {
    return [done = std::move(done)](Result<std::unique_ptr<Connection>> connection) {
        if (!connection.ok()) return done(connection.error());
        done(std::unique_ptr<Line>{new SignalLine<Connection>{std::move(connection).value()}});
    };
}

Dialer::Cancel cancel_by(signal::Pending pending) {
    return [shared = std::make_shared<signal::Pending>(std::move(pending))] { shared->cancel(); };
}

class SignalDialer final : public Dialer {
public:
    explicit SignalDialer(signal::Network& network) : network_{network} {}

    Cancel authenticated(const signal::Login& login, LineListener listener, OnLine done) override {
        using Connection = signal::AuthenticatedConnection;
        return cancel_by(Connection::connect(network_, login, translate(std::move(listener)),
                                             line_to<Connection>(std::move(done))));
    }

    Cancel unauthenticated(LineListener listener, OnLine done) override {
        using Connection = signal::UnauthenticatedConnection;
        return cancel_by(Connection::connect(network_, {}, translate(std::move(listener)),
                                             line_to<Connection>(std::move(done))));
    }

    Cancel provisioning(ProvisioningListener listener, OnLine done) override {
        using Connection = signal::ProvisioningConnection;
        signal::ProvisioningListener out;
        out.address = [take = std::move(listener.address)](std::string address, signal::Ack ack) {
            take(std::move(address), acknowledge_by(std::move(ack)));
        };
        out.envelope = [take = std::move(listener.envelope)](Bytes envelope, signal::Ack ack) {
            take(std::move(envelope), acknowledge_by(std::move(ack)));
        };
        out.interrupted = std::move(listener.interrupted);
        return cancel_by(Connection::connect(network_, std::move(out),
                                             line_to<Connection>(std::move(done))));
    }

private:
    signal::Network& network_;
};

}  // namespace

std::unique_ptr<Dialer> signal_dialer(signal::Network& network) {
    return std::make_unique<SignalDialer>(network);
}

}  // namespace nacre::courier
