// ApiFixture: the API server on sockets of its own, a fake engine behind it, a channel before it.
#pragma once

#include <grpcpp/create_channel_posix.h>
#include <grpcpp/grpcpp.h>

#include <catch2/catch_test_macros.hpp>
#include <fcntl.h>
#include <memory>
#include <string>

#include "api/status_map.h"
#include "daemon/vaultd/api_server.h"
#include "nacre/v1/vault.grpc.pb.h"
#include "tests/daemon/vaultd/fake_operations.h"
#include "tests/support/listening_socket.h"
#include "tests/support/temp_dir.h"

namespace nacre::tests {

struct ApiFixture {
    ApiFixture() : operations{folder / "vault"} { start({}); }

    void start(vaultd::PeerRule peers) {
        auto started = vaultd::ApiServer::start(
            {listen_at(folder / "api.sock"), listen_at(folder / "secret.sock")}, std::move(peers),
            operations);
        REQUIRE(started.ok());
        server = std::move(*started);
        channel = connect();
    }

    std::shared_ptr<grpc::Channel> connect() const {
        daemon::Descriptor fd = connect_to(folder / "api.sock");
        REQUIRE(fcntl(fd.get(), F_SETFL, O_NONBLOCK) == 0);
        return grpc::CreateInsecureChannelFromFd("nacre", fd.release());
    }

    // A deadline, so that a hanging test fails instead.
    std::unique_ptr<grpc::ClientContext> call(const std::string& with) const {
        auto context = std::make_unique<grpc::ClientContext>();
        context->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds{30});
        if (!with.empty()) context->AddMetadata("authorization", "Bearer " + with);
        return context;
    }
    std::unique_ptr<grpc::ClientContext> call() const { return call(token); }

    void send_secret(std::string_view ticket, std::string_view passphrase) const {
        const daemon::Descriptor fd = connect_to(folder / "secret.sock");
        const std::string bytes = std::string{ticket} + std::string{passphrase};
        REQUIRE(daemon::write_all(fd.get(), as_bytes(bytes)).ok());
        REQUIRE(shutdown(fd.get(), SHUT_WR) == 0);
    }

    grpc::Status create_vault(std::string_view passphrase = "correct horse") {
        v1::CreateVaultRequest request;
        request.set_client_name("test");
        const auto context = call("");
        const auto stub = v1::VaultService::NewStub(channel);
        const auto stream = stub->CreateVault(context.get(), request);
        v1::CreateVaultResponse reply;
        while (stream->Read(&reply)) {
            if (reply.has_ticket()) send_secret(reply.ticket(), passphrase);
            if (reply.has_created()) token = reply.created().token();
        }
        return stream->Finish();
    }

    // With a client's name, its new token becomes `token`.
    grpc::Status unlock(std::string_view passphrase, const std::string& client_name = {}) {
        const auto context = call("");
        const auto stub = v1::VaultService::NewStub(channel);
        v1::UnlockRequest request;
        request.set_client_name(client_name);
        const auto stream = stub->Unlock(context.get(), request);
        v1::UnlockResponse reply;
        while (stream->Read(&reply)) {
            if (reply.has_ticket()) send_secret(reply.ticket(), passphrase);
            if (!reply.unlocked().token().empty()) token = reply.unlocked().token();
        }
        return stream->Finish();
    }

    TempDir folder;
    FakeOperations operations;
    std::unique_ptr<vaultd::ApiServer> server;
    std::shared_ptr<grpc::Channel> channel;
    std::string token;
};

inline ErrorCode code(const grpc::Status& status) {
    REQUIRE_FALSE(status.ok());
    return api::from_status(status);
}

}  // namespace nacre::tests
