// ApiServer: gRPC without a port of its own. Connections come from the inherited `api` socket
// through our accept and peer check, passphrases from `secret`.
//
// Layer:   daemon/vaultd.
// Secrets: see secret_socket.h; message text in gRPC's buffers, which zero-on-free wipes.
// Errors:  start(): what the sockets say; internal when gRPC does not start.
// Threads: gRPC's (bounded), one a stream (bounded), two that accept.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "api/base/result.h"
#include "daemon/base/descriptor.h"
#include "daemon/vaultd/acceptor.h"
#include "daemon/vaultd/operations.h"

namespace nacre::vaultd {

struct ApiSockets {
    daemon::Descriptor api;     // listening
    daemon::Descriptor secret;  // listening
};

// Call in main before threads and before anything of gRPC: its tracing prints payloads, its
// proxies are not ours, and all of that can be asked for by the environment.
void clear_grpc_environment();

class ApiServer {
public:
    static Result<std::unique_ptr<ApiServer>> start(ApiSockets sockets, PeerRule peers,
                                                    Operations& operations);
    // Calls stop() and, if calls are left over, leaves them their memory: the process ends anyway.
    ~ApiServer();

    // Accepts nothing more, cancels every call, and waits until all have ended. timed_out when some
    // have not (Argon2 cannot be interrupted); then end the process. The listening sockets stay
    // usable for the next process.
    Result<void> stop(std::chrono::milliseconds most);

private:
    struct State;
    explicit ApiServer(std::shared_ptr<State> state);
    std::shared_ptr<State> state_;
};

}  // namespace nacre::vaultd
