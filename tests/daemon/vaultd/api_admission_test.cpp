#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <fstream>
#include <google/protobuf/descriptor.h>
#include <set>
#include <string>

#include "daemon/vaultd/admission.h"
#include "nacre/v1/conversations.pb.h"
#include "nacre/v1/events.pb.h"
#include "nacre/v1/linking.pb.h"
#include "nacre/v1/messages.pb.h"
#include "nacre/v1/slots.pb.h"
#include "nacre/v1/vault.pb.h"
#include "tests/support/matchers.h"

using namespace nacre;
using namespace nacre::vaultd;
using nacre::tests::FailsWith;

namespace {

// Every method of every .proto file of the API in the source tree, whether or not a service here
// uses it.
std::set<std::string> all_rpcs() {
    // Links the generated files in.
    google::protobuf::LinkMessageReflection<v1::GetStatusRequest>();
    google::protobuf::LinkMessageReflection<v1::LinkRequest>();
    google::protobuf::LinkMessageReflection<v1::ListConversationsRequest>();
    google::protobuf::LinkMessageReflection<v1::ListMessagesRequest>();
    google::protobuf::LinkMessageReflection<v1::WatchEventsRequest>();
    google::protobuf::LinkMessageReflection<v1::ListSlotsRequest>();
    std::set<std::string> rpcs;
    const auto* pool = google::protobuf::DescriptorPool::generated_pool();
    for (const auto& entry : std::filesystem::directory_iterator{NACRE_API_PROTOS}) {
        const std::string name = "nacre/v1/" + entry.path().filename().string();
        const auto* file = pool->FindFileByName(name);
        INFO("a proto file that this test does not link: " << name);
        REQUIRE(file != nullptr);
        for (int i = 0; i < file->service_count(); ++i) {
            const auto* service = file->service(i);
            for (int k = 0; k < service->method_count(); ++k) {
                rpcs.insert(service->full_name() + "/" + service->method(k)->name());
            }
        }
    }
    return rpcs;
}

const RpcRule& rule(std::string_view rpc) {
    const RpcRule* found = find_rule(rpc);
    REQUIRE(found != nullptr);
    return *found;
}

constexpr vault::Scopes only(vault::Scope scope) { return vault::Scopes{}.with(scope); }

}  // namespace

TEST_CASE("admission: every RPC of the API has one row, and no row is without an RPC",
          "[vaultd][admission]") {
    const std::set<std::string> rpcs = all_rpcs();
    REQUIRE(rpcs.size() > 10);
    for (const std::string& rpc : rpcs) {
        INFO(rpc);
        CHECK(find_rule(rpc) != nullptr);
    }
    std::set<std::string> rows;
    for (const RpcRule& row : rpc_rules()) {
        INFO(row.rpc.c_str());
        CHECK(rows.insert(row.rpc.c_str()).second);
        const std::string name = row.rpc.c_str();
        if (name.starts_with("nacre.")) CHECK(rpcs.contains(name));
    }
}

TEST_CASE("admission: a locked vault answers health, status, create, unlock, panic and nothing "
          "else",
          "[vaultd][admission]") {
    const std::set<std::string> open{
        "nacre.v1.VaultService/GetStatus",
        "nacre.v1.VaultService/Unlock",
        "nacre.v1.VaultService/Panic",
        "grpc.health.v1.Health/Check",
        "grpc.health.v1.Health/Watch",
        "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
    };
    for (const RpcRule& row : rpc_rules()) {
        INFO(row.rpc.c_str());
        const auto answer = admit(row, VaultState::locked, vault::Scopes::all());
        if (open.contains(row.rpc.c_str())) {
            CHECK(answer.ok());
        } else if (row.rpc.c_str() == std::string_view{"nacre.v1.VaultService/CreateVault"}) {
            CHECK_THAT(answer, FailsWith(ErrorCode::already_exists));
        } else {
            CHECK_THAT(answer, FailsWith(ErrorCode::vault_locked));
        }
    }
}

TEST_CASE("admission: without a vault there is only making one", "[vaultd][admission]") {
    const vault::Scopes all = vault::Scopes::all();
    CHECK(admit(rule("nacre.v1.VaultService/CreateVault"), VaultState::none, {}).ok());
    CHECK(admit(rule("nacre.v1.VaultService/GetStatus"), VaultState::none, {}).ok());
    CHECK_THAT(admit(rule("nacre.v1.VaultService/Unlock"), VaultState::none, {}),
               FailsWith(ErrorCode::no_vault));
    CHECK_THAT(admit(rule("nacre.v1.MessagesService/ListMessages"), VaultState::none, all),
               FailsWith(ErrorCode::no_vault));
}

TEST_CASE("admission: an open vault asks everything but status for a token",
          "[vaultd][admission]") {
    for (const RpcRule& row : rpc_rules()) {
        INFO(row.rpc.c_str());
        const auto answer = admit(row, VaultState::unlocked, {});
        const bool needs_token = row.scope.has_value();
        if (needs_token) CHECK_THAT(answer, FailsWith(ErrorCode::unauthenticated));
        if (needs_token) CHECK(admit(row, VaultState::unlocked, vault::Scopes::all()).ok());
    }
    CHECK(admit(rule("nacre.v1.VaultService/GetStatus"), VaultState::unlocked, {}).ok());
}

TEST_CASE("admission: each scope opens its own calls", "[vaultd][admission]") {
    const RpcRule& list = rule("nacre.v1.MessagesService/ListMessages");
    const RpcRule& send = rule("nacre.v1.MessagesService/SendMessage");
    const RpcRule& watch = rule("nacre.v1.EventsService/WatchEvents");
    CHECK(admit(list, VaultState::unlocked, only(vault::Scope::read)).ok());
    CHECK_THAT(admit(send, VaultState::unlocked, only(vault::Scope::read)),
               FailsWith(ErrorCode::permission_denied));
    CHECK(admit(send, VaultState::unlocked, only(vault::Scope::send)).ok());
    CHECK(admit(watch, VaultState::unlocked, only(vault::Scope::notify)).ok());
    CHECK_THAT(admit(list, VaultState::unlocked, only(vault::Scope::notify)),
               FailsWith(ErrorCode::permission_denied));
    CHECK_THAT(admit(rule("nacre.v1.LinkingService/Link"), VaultState::unlocked,
                     only(vault::Scope::send)),
               FailsWith(ErrorCode::permission_denied));
}

TEST_CASE("admission: panic needs a token of the open vault, and none of any other",
          "[vaultd][admission]") {
    const RpcRule& panic = rule("nacre.v1.VaultService/Panic");
    CHECK_THAT(admit(panic, VaultState::unlocked, {}), FailsWith(ErrorCode::unauthenticated));
    CHECK_THAT(admit(panic, VaultState::unlocked, only(vault::Scope::read)),
               FailsWith(ErrorCode::permission_denied));
    CHECK(admit(panic, VaultState::unlocked, only(vault::Scope::status)).ok());
    CHECK(admit(panic, VaultState::locked, {}).ok());
    CHECK(admit(panic, VaultState::unusable, {}).ok());
    CHECK_THAT(admit(panic, VaultState::none, {}), FailsWith(ErrorCode::no_vault));
}

TEST_CASE("admission: an unusable vault says so, and is not replaced by a new one",
          "[vaultd][admission]") {
    CHECK_THAT(admit(rule("nacre.v1.VaultService/CreateVault"), VaultState::unusable, {}),
               FailsWith(ErrorCode::already_exists));
    CHECK_THAT(admit(rule("nacre.v1.MessagesService/GetMessage"), VaultState::unusable, {}),
               FailsWith(ErrorCode::vault_damaged));
    CHECK(admit(rule("nacre.v1.VaultService/Unlock"), VaultState::unusable, {}).ok());
}
