// ClientStore: who may use the API. Tokens are kept as hashes only.
//
// Layer:   vault.
// Secrets: the token leaves create() once and enters verify(); neither keeps it.
// Errors:  Database's; unauthenticated (no such token), already_exists (name), invalid_argument.
// Threads: as its Database. Writing needs a transaction of the caller's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/base/result.h"
#include "vault/database.h"
#include "vault/directory.h"

namespace nacre::vault {

// Bits of Scopes.
enum class Scope : std::uint8_t { status = 1, notify = 2, read = 4, send = 8, backup = 16, admin = 32 };

struct Scopes {
    std::uint8_t bits = 0;

    static constexpr Scopes all() { return {63}; }
    constexpr bool has(Scope scope) const { return (bits & static_cast<std::uint8_t>(scope)) != 0; }
    constexpr Scopes with(Scope scope) const {
        return {static_cast<std::uint8_t>(bits | static_cast<std::uint8_t>(scope))};
    }
    bool operator==(const Scopes&) const = default;
};

// The table's hash of a token; nothing for what is no token.
std::optional<TokenHash> hash_token(std::string_view token);

struct ClientRow {
    std::string name;
    Scopes scopes;
    std::int64_t created_ms = 0;
};

class ClientStore {
public:
    explicit ClientStore(Database& database) : database_{database} {}

    // Returns "nacre_" and 43 base64url characters, 32 random bytes. Names are unique, 1 to 64
    // bytes.
    Result<std::string> create(std::string_view name, Scopes scopes, std::int64_t now_ms);
    // A client whose token is known by its hash only: for the empty vault of a duress slot.
    Result<void> adopt(std::string_view name, const TokenHash& token, Scopes scopes,
                       std::int64_t now_ms);
    // Looks the hash up, so that time tells nothing about the token. Anything else than a known
    // token: unauthenticated.
    Result<ClientRow> verify(std::string_view token);
    Result<std::vector<ClientRow>> list();
    // Of the token of that name, if there is one.
    Result<std::optional<TokenHash>> hash_of(std::string_view name);
    // not_found when there is none of the name.
    Result<void> remove(std::string_view name);

private:
    Database& database_;
};

}  // namespace nacre::vault
