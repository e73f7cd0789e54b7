#include <catch2/catch_test_macros.hpp>
#include <string>

#include "daemon/vaultd/api_server.h"
#include "nacre/v1/linking.grpc.pb.h"
#include "nacre/v1/messages.grpc.pb.h"
#include "tests/daemon/vaultd/api_fixture.h"
#include "tests/vault/files.h"

using namespace nacre;
using nacre::tests::ApiFixture;
using nacre::tests::code;

namespace {

v1::GetStatusResponse status_of(const ApiFixture& fixture, const std::string& token) {
    v1::GetStatusResponse reply;
    const auto call = fixture.call(token);
    REQUIRE(v1::VaultService::NewStub(fixture.channel)->GetStatus(call.get(), {}, &reply).ok());
    return reply;
}

}  // namespace

TEST_CASE("api vault: none, created, locked and unlocked again", "[vaultd][api][rpc_vault]") {
    ApiFixture fixture;
    using Status = v1::GetStatusResponse;
    CHECK(status_of(fixture, "").vault() == Status::VAULT_STATE_NONE);
    CHECK(code(fixture.unlock("x")) == ErrorCode::no_vault);
    REQUIRE(fixture.create_vault().ok());
    CHECK(fixture.token.starts_with("nacre_"));
    CHECK(status_of(fixture, "").vault() == Status::VAULT_STATE_UNLOCKED);
    CHECK(code(fixture.create_vault()) == ErrorCode::already_exists);

    v1::LockResponse locked;
    const auto call = fixture.call();
    REQUIRE(v1::VaultService::NewStub(fixture.channel)->Lock(call.get(), {}, &locked).ok());
    CHECK(status_of(fixture, "").vault() == Status::VAULT_STATE_LOCKED);
    CHECK(code(fixture.unlock("wrong")) == ErrorCode::wrong_passphrase);
    CHECK(status_of(fixture, "").vault() == Status::VAULT_STATE_LOCKED);
    REQUIRE(fixture.unlock("correct horse").ok());
    // Open already: that is said without asking for a passphrase.
    REQUIRE(fixture.unlock("").ok());
}

TEST_CASE("api vault: one that cannot be opened says why, whatever is asked", "[vaultd][api][admission]") {
    ApiFixture fixture;
    REQUIRE(fixture.create_vault().ok());
    REQUIRE(fixture.operations.lock().ok());
    const auto header = fixture.folder / "vault/vault.header";
    const auto database = fixture.folder / "vault/vault.db";
    ErrorCode expected = ErrorCode::vault_damaged;
    SECTION("written by a newer nacre") {
        tests::make_header_newer(header);
        expected = ErrorCode::vault_too_new;
    }
    SECTION("without a whole header") { tests::write_all(header, Bytes(8192, 1)); }
    SECTION("without a header") { std::filesystem::remove(header); }
    SECTION("without a database") { std::filesystem::remove(database); }
    const auto status = status_of(fixture, "");
    CHECK(status.vault() == v1::GetStatusResponse::VAULT_STATE_UNUSABLE);
    CHECK(status.problem() == api::reason(expected));
    CHECK(code(fixture.unlock("correct horse")) == expected);
    v1::LockResponse locked;
    CHECK(code(v1::VaultService::NewStub(fixture.channel)->Lock(fixture.call().get(), {}, &locked)) ==
          expected);
    v1::GetMessageResponse message;
    CHECK(code(v1::MessagesService::NewStub(fixture.channel)
                   ->GetMessage(fixture.call().get(), {}, &message)) == expected);
    CHECK(code(fixture.create_vault()) == ErrorCode::already_exists);
}

TEST_CASE("api vault: status says more to those who may read", "[vaultd][api][rpc_vault]") {
    ApiFixture fixture;
    REQUIRE(fixture.create_vault().ok());
    const auto anybody = status_of(fixture, "");
    CHECK(anybody.account() == v1::GetStatusResponse::ACCOUNT_STATE_UNSPECIFIED);
    CHECK(anybody.waiting_envelopes() == 3);
    CHECK(status_of(fixture, "nacre_unknown").account() ==
          v1::GetStatusResponse::ACCOUNT_STATE_UNSPECIFIED);
    CHECK(status_of(fixture, fixture.token).account() ==
          v1::GetStatusResponse::ACCOUNT_STATE_NOT_LINKED);
    // What the server says of the account, too.
    CHECK(anybody.alerts().empty());
    REQUIRE(status_of(fixture, fixture.token).alerts_size() == 1);
    CHECK(status_of(fixture, fixture.token).alerts(0) == "idle-primary-device");
    REQUIRE(fixture.operations.lock().ok());
    CHECK(status_of(fixture, fixture.token).alerts().empty());
}

TEST_CASE("api vault: status says what of the memory is locked", "[vaultd][api][rpc_vault]") {
    using Status = v1::GetStatusResponse;
    using sandbox::MemoryLock;
    ApiFixture fixture;
    CHECK(status_of(fixture, "").memory() == Status::MEMORY_KEYS_LOCKED);
    fixture.operations.memory_lock = MemoryLock::nothing;
    CHECK(status_of(fixture, "").memory() == Status::MEMORY_NOT_LOCKED);
    fixture.operations.memory_lock = MemoryLock::all;
    CHECK(status_of(fixture, "").memory() == Status::MEMORY_LOCKED);
}

TEST_CASE("api vault: a token opens what its scopes say", "[vaultd][api][admission]") {
    ApiFixture fixture;
    REQUIRE(fixture.create_vault().ok());
    const auto notify =
        fixture.operations.add_client("watcher", vault::Scopes{}.with(vault::Scope::notify));
    REQUIRE(notify.ok());
    const auto stub = v1::MessagesService::NewStub(fixture.channel);
    v1::GetMessageRequest request;
    request.set_id("AAAAAAAAAAAAAAAAAAAAAA");
    v1::GetMessageResponse reply;
    for (int again = 0; again < 2; ++again) {  // the second time from the cache
        CHECK(code(stub->GetMessage(fixture.call("").get(), request, &reply)) ==
              ErrorCode::unauthenticated);
        CHECK(code(stub->GetMessage(fixture.call("nacre_guess").get(), request, &reply)) ==
              ErrorCode::unauthenticated);
        CHECK(code(stub->GetMessage(fixture.call(*notify).get(), request, &reply)) ==
              ErrorCode::permission_denied);
        CHECK(code(stub->GetMessage(fixture.call().get(), request, &reply)) ==
              ErrorCode::not_found);
    }
    // Tokens of an open vault say nothing once it is locked.
    REQUIRE(fixture.operations.lock().ok());
    CHECK(code(stub->GetMessage(fixture.call().get(), request, &reply)) == ErrorCode::vault_locked);
}

TEST_CASE("api vault: the passphrase gets a new token, and only the passphrase",
          "[vaultd][api][rpc_vault]") {
    ApiFixture fixture;
    REQUIRE(fixture.create_vault().ok());
    const std::string old = fixture.token;
    CHECK(status_of(fixture, old).account() == v1::GetStatusResponse::ACCOUNT_STATE_NOT_LINKED);
    CHECK(code(fixture.unlock("correct horse", "test")) == ErrorCode::permission_denied);
    REQUIRE(fixture.operations.lock().ok());
    CHECK(code(fixture.unlock("wrong", "test")) == ErrorCode::wrong_passphrase);
    CHECK(fixture.token == old);
    REQUIRE(fixture.unlock("correct horse", "test").ok());
    CHECK(fixture.token != old);
    using Status = v1::GetStatusResponse;
    CHECK(status_of(fixture, old).account() == Status::ACCOUNT_STATE_UNSPECIFIED);
    CHECK(status_of(fixture, fixture.token).account() == Status::ACCOUNT_STATE_NOT_LINKED);
}

TEST_CASE("api vault: the passphrase never arrives, and the call can be canceled",
          "[vaultd][api][rpc_vault]") {
    ApiFixture fixture;
    v1::CreateVaultRequest request;
    request.set_client_name("test");
    const auto context = fixture.call("");
    const auto stub = v1::VaultService::NewStub(fixture.channel);
    const auto stream = stub->CreateVault(context.get(), request);
    v1::CreateVaultResponse reply;
    REQUIRE(stream->Read(&reply));
    CHECK(reply.ticket().size() == 32);
    context->TryCancel();
    CHECK(code(stream->Finish()) == ErrorCode::canceled);
    REQUIRE(fixture.create_vault().ok());
}

TEST_CASE("api linking: codes, steps and the account come in order", "[vaultd][api][rpc_linking]") {
    ApiFixture fixture;
    REQUIRE(fixture.create_vault().ok());
    v1::LinkRequest request;
    request.set_device_name("a device");
    const auto context = fixture.call();
    const auto stub = v1::LinkingService::NewStub(fixture.channel);
    const auto stream = stub->Link(context.get(), request);
    v1::LinkResponse reply;
    REQUIRE(stream->Read(&reply));
    CHECK(reply.uri().uri() == "sgnl://linkdevice?one");
    REQUIRE(stream->Read(&reply));
    CHECK(reply.uri().uri() == "sgnl://linkdevice?two");
    fixture.operations.finish_link();
    REQUIRE(stream->Read(&reply));
    CHECK(reply.progress().step() == v1::LinkProgress::STEP_SCANNED);
    REQUIRE(stream->Read(&reply));
    CHECK(reply.linked().device_id() == 2);
    CHECK_FALSE(stream->Read(&reply));
    CHECK(stream->Finish().ok());
}

TEST_CASE("api linking: cancelling the call stops the engine", "[vaultd][api][rpc_linking]") {
    ApiFixture fixture;
    REQUIRE(fixture.create_vault().ok());
    v1::LinkRequest request;
    request.set_device_name("a device");
    {
        const auto context = fixture.call();
        const auto stub = v1::LinkingService::NewStub(fixture.channel);
        const auto stream = stub->Link(context.get(), request);
        v1::LinkResponse reply;
        REQUIRE(stream->Read(&reply));
        context->TryCancel();
        CHECK(code(stream->Finish()) == ErrorCode::canceled);
    }
    REQUIRE(fixture.server->stop(std::chrono::seconds{5}).ok());
    CHECK(fixture.operations.link_was_stopped);
}

TEST_CASE("api linking: the login is for whoever shows a secret of the vault",
          "[vaultd][api][rpc_linking]") {
    ApiFixture fixture;
    REQUIRE(fixture.create_vault("correct horse").ok());
    const auto stub = v1::LinkingService::NewStub(fixture.channel);
    for (const bool right : {false, true}) {
        const auto context = fixture.call();
        const auto stream = stub->ExportLogin(context.get(), {});
        v1::ExportLoginResponse reply;
        std::string login;
        while (stream->Read(&reply)) {
            if (reply.has_secret())
                fixture.send_secret(reply.secret().ticket(), right ? "correct horse" : "wrong");
            if (reply.has_login()) login = reply.login();
        }
        const auto status = stream->Finish();
        CHECK(login == (right ? "the login" : ""));
        if (right)
            CHECK(status.ok());
        else
            CHECK(code(status) == ErrorCode::wrong_passphrase);
    }
}

TEST_CASE("api linking: a device name must have a length", "[vaultd][api][rpc_linking]") {
    ApiFixture fixture;
    REQUIRE(fixture.create_vault().ok());
    for (const std::string& name : {std::string{}, std::string(101, 'x')}) {
        v1::LinkRequest request;
        request.set_device_name(name);
        const auto context = fixture.call();
        const auto stub = v1::LinkingService::NewStub(fixture.channel);
        const auto stream = stub->Link(context.get(), request);
        v1::LinkResponse reply;
        CHECK_FALSE(stream->Read(&reply));
        CHECK(code(stream->Finish()) == ErrorCode::invalid_argument);
    }
}

TEST_CASE("api server: an error of the engine arrives with its reason", "[vaultd][api]") {
    ApiFixture fixture;
    REQUIRE(fixture.create_vault().ok());
    v1::ReconnectResponse reply;
    const auto call = fixture.call();
    const auto status =
        v1::VaultService::NewStub(fixture.channel)->Reconnect(call.get(), {}, &reply);
    CHECK(code(status) == ErrorCode::not_linked);
    CHECK(status.error_message().find("fake") == std::string::npos);
}

TEST_CASE("api server: stops with calls under way, in bounded time", "[vaultd][api]") {
    ApiFixture fixture;
    REQUIRE(fixture.create_vault().ok());
    v1::LinkRequest request;
    request.set_device_name("a device");
    const auto context = fixture.call();
    const auto stub = v1::LinkingService::NewStub(fixture.channel);
    const auto stream = stub->Link(context.get(), request);
    v1::LinkResponse reply;
    REQUIRE(stream->Read(&reply));
    CHECK(fixture.server->stop(std::chrono::seconds{10}).ok());
    while (stream->Read(&reply)) {
    }
    CHECK(code(stream->Finish()) == ErrorCode::vault_locked);
}

TEST_CASE("api server: a client that sends garbage loses its connection, others stay",
          "[vaultd][api]") {
    ApiFixture fixture;
    {
        const daemon::Descriptor garbage = tests::connect_to(fixture.folder / "api.sock");
        REQUIRE(daemon::write_all(garbage.get(), as_bytes("GET / HTTP/1.1\r\n\r\n")).ok());
        char byte = 0;
        while (::recv(garbage.get(), &byte, 1, 0) > 0) {
        }
    }
    CHECK(status_of(fixture, "").vault() == v1::GetStatusResponse::VAULT_STATE_NONE);
}

TEST_CASE("api server: too many streams are refused, the others go on", "[vaultd][api]") {
    ApiFixture fixture;
    REQUIRE(fixture.create_vault().ok());
    v1::LinkRequest request;
    request.set_device_name("a device");
    const auto stub = v1::LinkingService::NewStub(fixture.channel);
    std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
    std::vector<std::unique_ptr<grpc::ClientReader<v1::LinkResponse>>> streams;
    v1::LinkResponse reply;
    for (int i = 0; i < 32; ++i) {
        contexts.push_back(fixture.call());
        streams.push_back(stub->Link(contexts.back().get(), request));
        REQUIRE(streams.back()->Read(&reply));
    }
    const auto one_more = fixture.call();
    const auto refused = stub->Link(one_more.get(), request);
    CHECK_FALSE(refused->Read(&reply));
    CHECK(code(refused->Finish()) == ErrorCode::resource_exhausted);
    for (auto& context : contexts) context->TryCancel();
    for (auto& stream : streams) (void)stream->Finish();
}

TEST_CASE("api server: what gRPC may be told by the environment is taken away", "[vaultd][api]") {
    setenv("GRPC_TRACE", "all", 1);
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("NACRE_KEPT", "1", 1);
    vaultd::clear_grpc_environment();
    CHECK(getenv("GRPC_TRACE") == nullptr);
    CHECK(getenv("http_proxy") == nullptr);
    CHECK(getenv("NACRE_KEPT") != nullptr);
}
