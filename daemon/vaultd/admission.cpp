#include "daemon/vaultd/admission.h"

#include <array>

namespace nacre::vaultd {
namespace {

using vault::Scope;

constexpr std::nullopt_t kNoToken = std::nullopt;
constexpr States kUnlocked = in(VaultState::unlocked);
// Unlocking what is open says so at once; unlocking the unusable says why.
constexpr States kAnyVault = in(VaultState::locked) | kUnlocked | in(VaultState::unusable);
constexpr States kNoVault = in(VaultState::none);

constexpr std::array kRules{
    RpcRule{"nacre.v1.VaultService/GetStatus", kAnyState, kNoToken},
    RpcRule{"nacre.v1.VaultService/CreateVault", kNoVault, kNoToken},
    RpcRule{"nacre.v1.VaultService/Unlock", kAnyVault, kNoToken},
    RpcRule{"nacre.v1.VaultService/Lock", kUnlocked, Scope::status},
    // A locked vault asks for no token.
    RpcRule{"nacre.v1.VaultService/Panic", kAnyVault, Scope::status},
    RpcRule{"nacre.v1.VaultService/AcceptEnvironment", kUnlocked, Scope::admin},
    RpcRule{"nacre.v1.VaultService/Reconnect", kUnlocked, Scope::admin},

    RpcRule{"nacre.v1.LinkingService/Link", kUnlocked, Scope::admin},
    RpcRule{"nacre.v1.LinkingService/ExportLogin", kUnlocked, Scope::admin},

    RpcRule{"nacre.v1.ConversationsService/ListConversations", kUnlocked, Scope::read},
    RpcRule{"nacre.v1.ConversationsService/GetConversation", kUnlocked, Scope::read},
    RpcRule{"nacre.v1.ConversationsService/OpenConversation", kUnlocked, Scope::send},
    RpcRule{"nacre.v1.ConversationsService/ListRecipients", kUnlocked, Scope::read},
    RpcRule{"nacre.v1.ConversationsService/AcceptIdentity", kUnlocked, Scope::admin},

    RpcRule{"nacre.v1.MessagesService/ListMessages", kUnlocked, Scope::read},
    RpcRule{"nacre.v1.MessagesService/GetMessage", kUnlocked, Scope::read},
    RpcRule{"nacre.v1.MessagesService/SearchMessages", kUnlocked, Scope::read},
    RpcRule{"nacre.v1.MessagesService/SendMessage", kUnlocked, Scope::send},
    RpcRule{"nacre.v1.MessagesService/MarkRead", kUnlocked, Scope::send},

    RpcRule{"nacre.v1.SlotsService/ListSlots", kUnlocked, Scope::admin},
    RpcRule{"nacre.v1.SlotsService/AddSlot", kUnlocked, Scope::admin},
    RpcRule{"nacre.v1.SlotsService/RemoveSlot", kUnlocked, Scope::admin},
    RpcRule{"nacre.v1.SlotsService/RotateSlot", kUnlocked, Scope::admin},
    RpcRule{"nacre.v1.SlotsService/TestSlot", kUnlocked, Scope::admin},
    RpcRule{"nacre.v1.SlotsService/CalibrateSlots", kUnlocked, Scope::admin},

    RpcRule{"nacre.v1.EventsService/WatchEvents", kUnlocked, Scope::notify},

    // gRPC answers these itself, for whoever got past the peer check: they say that a process is
    // there and what its API looks like.
    RpcRule{"grpc.health.v1.Health/Check", kAnyState, kNoToken},
    RpcRule{"grpc.health.v1.Health/Watch", kAnyState, kNoToken},
    RpcRule{"grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", kAnyState, kNoToken},
};

constexpr std::array kBehindTheLock{
    "nacre.v1.LinkingService",
    "nacre.v1.ConversationsService",
    "nacre.v1.MessagesService",
    "nacre.v1.EventsService",
    "nacre.v1.SlotsService",
};

Error wrong_state(VaultState state) {
    switch (state) {
        case VaultState::none: return {ErrorCode::no_vault, "admission"};
        case VaultState::locked: return {ErrorCode::vault_locked, "admission"};
        case VaultState::unusable: return {ErrorCode::vault_damaged, "admission"};
        case VaultState::unlocked: break;
    }
    return {ErrorCode::already_exists, "admission"};
}

}  // namespace

std::span<const RpcRule> rpc_rules() { return kRules; }

const RpcRule* find_rule(std::string_view rpc) {
    for (const RpcRule& rule : kRules) {
        if (rpc == rule.rpc.c_str()) return &rule;
    }
    return nullptr;
}

Result<void> admit(const RpcRule& rule, VaultState state, vault::Scopes scopes) {
    // The state first: a locked vault knows no tokens.
    if ((rule.states & in(state)) == 0) {
        // A vault that cannot be opened is still a vault.
        if (rule.states == kNoVault) return Error{ErrorCode::already_exists, "admission"};
        return wrong_state(state);
    }
    // A vault that is not open knows no tokens. What may be done to it, whoever got past the peer check
    // may do, as with the files themselves.
    if (!rule.scope || state != VaultState::unlocked) return {};
    if (scopes.bits == 0) return Error{ErrorCode::unauthenticated, "admission"};
    if (!scopes.has(*rule.scope)) return Error{ErrorCode::permission_denied, "admission"};
    return {};
}

std::span<const char* const> services_behind_the_lock() { return kBehindTheLock; }

}  // namespace nacre::vaultd
