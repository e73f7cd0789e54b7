// Admission: which call is answered in which state of the vault, and for which token. One table.
//
// Layer:   daemon/vaultd.
// Errors:  no_vault, vault_locked, vault_damaged, already_exists, unauthenticated,
//          permission_denied.
// Threads: pure functions of constants.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "api/base/result.h"
#include "daemon/vaultd/operations.h"
#include "vault/client_store.h"

namespace nacre::vaultd {

// A set of VaultState.
using States = std::uint8_t;
constexpr States in(VaultState state) { return static_cast<States>(1U << static_cast<int>(state)); }
inline constexpr States kAnyState = in(VaultState::none) | in(VaultState::locked) |
                                    in(VaultState::unlocked) | in(VaultState::unusable);

struct RpcRule {
    Literal rpc;  // "nacre.v1.VaultService/Lock", as in the path of the call
    States states;
    std::optional<vault::Scope> scope;  // of the token; none: answered without one
};

std::span<const RpcRule> rpc_rules();

// Null when there is no row: the call is refused.
const RpcRule* find_rule(std::string_view rpc);

// Whether `rule` lets a call through. `scopes` are those of the caller's token, none without one.
Result<void> admit(const RpcRule& rule, VaultState state, vault::Scopes scopes);

// The services that answer only when the vault is open, for the health service.
std::span<const char* const> services_behind_the_lock();

}  // namespace nacre::vaultd
