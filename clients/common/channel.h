// Channel: a client's connection to the daemon: our own connect(2) to the Unix socket, handed to
// gRPC, so that nothing resolves names, uses proxies or reconnects behind our back.
//
// Layer:   clients/common.
// Secrets: the bearer token, added to every call.
// Errors:  open(): unavailable when there is no daemon, permission_denied, io_failed.
// Threads: as gRPC's channels: any.
#pragma once

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

#include "api/base/result.h"

namespace nacre::client {

class Channel {
public:
    // An empty token is none.
    static Result<Channel> open(const std::filesystem::path& socket, std::string token);

    const std::shared_ptr<grpc::Channel>& grpc() const { return channel_; }

    // A context for one call, with the token. Without a deadline for streams and what waits for
    // people.
    std::unique_ptr<grpc::ClientContext> call(
        std::chrono::milliseconds most = std::chrono::seconds{30}) const;
    std::unique_ptr<grpc::ClientContext> endless_call() const;

    void set_token(std::string token) { token_ = std::move(token); }
    bool has_token() const { return !token_.empty(); }

private:
    Channel(std::shared_ptr<grpc::Channel> channel, std::string token)
        : channel_{std::move(channel)}, token_{std::move(token)} {}

    std::shared_ptr<grpc::Channel> channel_;
    std::string token_;
};

}  // namespace nacre::client
