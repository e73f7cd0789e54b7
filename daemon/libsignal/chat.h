// Chat: libsignal's connections to Signal's chat service, and the requests on them.
//
// Layer:   daemon/libsignal; for the courier alone. Keep-alive, timeouts and certificate pinning
//          are libsignal's, reconnection is the caller's. libsignal does not keep to a proxy by
//          itself: daemon/courier/egress must be armed before a Network is opened.
// Secrets: carries the device's password and ciphertext. Logs neither.
// Errors:  arrive in callbacks. unavailable (IoError, ChatServiceInactive, …), unlinked
//          (DeviceDelinked), rejected (ConnectionInvalidated, AppExpired), rate_limited, canceled,
//          timed_out; Error.name tells which.
// Threads: the Host's owner thread. Callbacks run inside pump() (or run_until()), never inside the
//          call that was given them; any pump may run any of them, so a callback only enqueues.
//          A callback must not destroy the object that calls it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "api/base/bytes.h"
#include "api/base/result.h"
#include "daemon/libsignal/host.h"

namespace nacre::signal {

class Handle;  // native.h

enum class Service : std::uint8_t { staging = 0, production = 1 };

// A server on this machine, "localhost" at 127.0.0.1, for tests. HTTP/2, TLS under its own root.
struct LocalService {
    std::uint16_t port = 0;
    Bytes root_certificate_der;
};

struct Proxy {
    std::string scheme;  // socks5h, socks5, socks4a, socks4, socks, http, https, org.signal.tls
    std::string host;
    std::uint16_t port = 0;
    std::optional<std::string> user;
    std::optional<std::string> password;
};

struct NetworkOptions {
    std::variant<Service, LocalService> service = Service::production;
    std::string user_agent{};
    std::optional<Proxy> proxy{};
};

// The asynchronous runtime (its threads end with it) and where connections go.
class Network {
public:
    // invalid_argument if the proxy is none that libsignal knows.
    static Result<std::unique_ptr<Network>> open(Host& host, const NetworkOptions& options);

    // All connections must be gone. Waits for a name look-up in progress: egress fails those fast.
    ~Network();
    Network(const Network&) = delete;
    Network& operator=(const Network&) = delete;

    // Another proxy, or none, for connections from now on. If libsignal does not take it, every
    // connection fails until the next call: never a direct one in place of a bad proxy.
    Result<void> set_proxy(const std::optional<Proxy>& proxy);

    // The machine's network changed: forget what was learnt about routes.
    Result<void> network_changed();

    struct Parts;
    Parts& parts() { return *parts_; }

private:
    explicit Network(std::unique_ptr<Parts> parts);

    std::unique_ptr<Parts> parts_;
};

// One asynchronous call. Its callback is called exactly once in any case, unless the Host goes
// first. Dropping a Pending changes nothing.
class Pending {
public:
    Pending() = default;
    // The callback then gets canceled, unless the result is already on its way. Harmless later.
    void cancel();

    struct State;
    explicit Pending(std::shared_ptr<State> state) : state_{std::move(state)} {}

private:
    std::shared_ptr<State> state_;
};

// Tells the server that it may forget a message. Send it once; dropped unsent, the server delivers
// the message again on the next connection. May be moved through other threads, but is sent and
// destroyed on the Host's owner thread, before the Network goes.
class Ack {
public:
    explicit Ack(std::shared_ptr<const Handle> handle, Host& host)
        : handle_{std::move(handle)}, host_{&host} {}
    Ack(Ack&&) noexcept = default;
    Ack& operator=(Ack&&) noexcept = default;
    Ack(const Ack&) = delete;
    Ack& operator=(const Ack&) = delete;

    // Success means handed to the connection, no more: one that is being lost still takes it, and
    // the server then delivers the message again. unavailable if the connection is known to be
    // gone; internal the second time.
    Result<void> send(std::uint16_t status = 200);

private:
    std::shared_ptr<const Handle> handle_;
    Host* host_;
};

using Header = std::pair<std::string, std::string>;

struct Request {
    std::string verb;
    std::string path;
    std::vector<Header> headers;
    std::optional<Bytes> body;
    std::chrono::milliseconds timeout{30'000};
};

struct Response {
    std::uint16_t status = 0;
    std::vector<Header> headers;  // names in lower case
    Bytes body;
};

using OnResponse = std::function<void(Result<Response>)>;
using OnDone = std::function<void(Result<void>)>;

// What a connection tells. Empty members are skipped.
struct ChatListener {
    // Authenticated only. An Envelope, and the server's time (0 if it gave none).
    std::function<void(Bytes envelope, std::int64_t server_time_ms, Ack ack)> message;
    std::function<void()> queue_empty;
    // X-Signal-Alert of the connection's upgrade.
    std::function<void(std::vector<std::string> alerts)> alerts;
    std::function<void(std::int64_t server_time_ms)> server_time;
    // Last call. No error: we disconnected. Else why: ConnectedElsewhere, ConnectionInvalidated, …
    std::function<void(std::optional<Error> reason)> interrupted;
};

struct ProvisioningListener {
    std::function<void(std::string address, Ack ack)> address;
    std::function<void(Bytes envelope, Ack ack)> envelope;  // a ProvisionEnvelope
    std::function<void(std::optional<Error> reason)> interrupted;
};

struct Login {
    std::string username;  // "<aci>.<device>"; anything else fails with invalid_argument
    std::string password;
    bool receive_stories = false;
    std::vector<std::string> languages{};  // Accept-Language, best first
};

// Destroying a connection closes it; disconnect() first where the server should see it orderly.
class AuthenticatedConnection {
public:
    using OnConnected = std::function<void(Result<std::unique_ptr<AuthenticatedConnection>>)>;
    static Pending connect(Network& network, const Login& login, ChatListener listener,
                           OnConnected done);
    ~AuthenticatedConnection();

    Pending send(const Request& request, OnResponse done);
    void disconnect(OnDone done);

    struct Parts;
    explicit AuthenticatedConnection(std::unique_ptr<Parts> parts);

private:
    std::unique_ptr<Parts> parts_;
};

class UnauthenticatedConnection {
public:
    using OnConnected = std::function<void(Result<std::unique_ptr<UnauthenticatedConnection>>)>;
    static Pending connect(Network& network, const std::vector<std::string>& languages,
                           ChatListener listener, OnConnected done);
    ~UnauthenticatedConnection();

    Pending send(const Request& request, OnResponse done);
    void disconnect(OnDone done);

    struct Parts;
    explicit UnauthenticatedConnection(std::unique_ptr<Parts> parts);

private:
    std::unique_ptr<Parts> parts_;
};

class ProvisioningConnection {
public:
    using OnConnected = std::function<void(Result<std::unique_ptr<ProvisioningConnection>>)>;
    static Pending connect(Network& network, ProvisioningListener listener, OnConnected done);
    ~ProvisioningConnection();

    void disconnect(OnDone done);

    struct Parts;
    explicit ProvisioningConnection(std::unique_ptr<Parts> parts);

private:
    std::unique_ptr<Parts> parts_;
};

}  // namespace nacre::signal
