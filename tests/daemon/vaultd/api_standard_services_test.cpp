// Health and reflection, which gRPC serves itself: called by their bytes, because Debian packages
// no generated code for them.
#include <grpcpp/generic/generic_stub.h>

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "tests/daemon/vaultd/api_fixture.h"

using namespace nacre;
using nacre::tests::ApiFixture;

namespace {

constexpr char kServing[] = "\x08\x01";     // HealthCheckResponse{status: SERVING}
constexpr char kNotServing[] = "\x08\x02";  // HealthCheckResponse{status: NOT_SERVING}

grpc::ByteBuffer buffer(const std::string& bytes) {
    const grpc::Slice slice{bytes};
    return grpc::ByteBuffer{&slice, 1};
}

std::string bytes(const grpc::ByteBuffer& buffer) {
    std::vector<grpc::Slice> slices;
    REQUIRE(buffer.Dump(&slices).ok());
    std::string out;
    for (const grpc::Slice& slice : slices) {
        out.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
    }
    return out;
}

void wait(grpc::CompletionQueue& queue) {
    void* tag = nullptr;
    bool ok = false;
    REQUIRE(queue.Next(&tag, &ok));
    REQUIRE(ok);
}

// One request, one reply, over a stream as over a single call.
std::string exchange(const ApiFixture& fixture, const std::string& method,
                     const std::string& request) {
    grpc::GenericStub stub{fixture.channel};
    grpc::CompletionQueue queue;
    const auto context = fixture.call("");
    const auto call = stub.PrepareCall(context.get(), method, &queue);
    call->StartCall(nullptr);
    wait(queue);
    call->Write(buffer(request), nullptr);
    wait(queue);
    call->WritesDone(nullptr);
    wait(queue);
    grpc::ByteBuffer reply;
    call->Read(&reply, nullptr);
    wait(queue);
    grpc::Status status;
    call->Finish(&status, nullptr);
    wait(queue);
    CHECK(status.ok());
    return bytes(reply);
}

std::string health(const ApiFixture& fixture, const std::string& service) {
    std::string request = "\x0a";
    request += static_cast<char>(service.size());
    return exchange(fixture, "/grpc.health.v1.Health/Check", request + service);
}

}  // namespace

TEST_CASE("api health: services behind the lock serve when the vault is open", "[vaultd][api]") {
    ApiFixture fixture;
    CHECK(health(fixture, "") == kServing);
    CHECK(health(fixture, "nacre.v1.VaultService") == kServing);
    CHECK(health(fixture, "nacre.v1.MessagesService") == kNotServing);
    REQUIRE(fixture.create_vault().ok());
    CHECK(health(fixture, "nacre.v1.MessagesService") == kServing);
    CHECK(health(fixture, "nacre.v1.EventsService") == kServing);
}

TEST_CASE("api reflection: names every service", "[vaultd][api]") {
    ApiFixture fixture;
    const std::string list_services{"\x3a\x00", 2};
    const std::string reply =
        exchange(fixture, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
                 list_services);
    for (const char* service : {"Vault", "Linking", "Conversations", "Messages", "Events"}) {
        INFO(service);
        CHECK(reply.find("nacre.v1." + std::string{service} + "Service") != std::string::npos);
    }
}
