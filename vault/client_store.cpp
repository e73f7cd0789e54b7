#include "vault/client_store.h"

#include <sodium.h>

#include <array>

#include "vault/column.h"

namespace nacre::vault {
namespace {

constexpr std::string_view kPrefix = "nacre_";
constexpr std::size_t kTokenBytes = 32;
constexpr std::size_t kMostNameBytes = 64;
constexpr int kVariant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;

using Token = std::array<std::uint8_t, kTokenBytes>;

TokenHash hash(const Token& token) {
    TokenHash out;
    crypto_generichash(out.data(), out.size(), token.data(), token.size(), nullptr, 0);
    return out;
}

ClientRow client_row(const Statement& row) {
    return {
        .name = text_column(row, 0),
        .scopes = {number_column<std::uint8_t>(row, 1)},
        .created_ms = row.integer(2),
    };
}

}  // namespace

std::optional<TokenHash> hash_token(std::string_view text) {
    if (!text.starts_with(kPrefix)) return std::nullopt;
    text.remove_prefix(kPrefix.size());
    Token token;
    std::size_t length = 0;
    if (sodium_base642bin(token.data(), token.size(), text.data(), text.size(), nullptr, &length,
                          nullptr, kVariant) != 0 ||
        length != token.size()) {
        return std::nullopt;
    }
    const TokenHash hashed = hash(token);
    sodium_memzero(token.data(), token.size());
    return hashed;
}

Result<std::string> ClientStore::create(std::string_view name, Scopes scopes,
                                        std::int64_t now_ms) {
    if (name.empty() || name.size() > kMostNameBytes) {
        return Error{ErrorCode::invalid_argument, "name a client"};
    }
    Token token;
    randombytes_buf(token.data(), token.size());
    auto row = NACRE_TRY(database_.prepare(
        "INSERT INTO client (token_hash, name, scopes, created_ms) VALUES (?1, ?2, ?3, ?4)"));
    NACRE_TRY(
        row.bind(0, hash(token)).bind(1, name).bind(2, scopes.bits).bind(3, now_ms).run());
    std::array<char, sodium_base64_ENCODED_LEN(kTokenBytes, kVariant)> text{};
    sodium_bin2base64(text.data(), text.size(), token.data(), token.size(), kVariant);
    std::string out = std::string{kPrefix} + text.data();
    sodium_memzero(text.data(), text.size());
    sodium_memzero(token.data(), token.size());
    return out;
}

Result<void> ClientStore::adopt(std::string_view name, const TokenHash& token, Scopes scopes,
                                std::int64_t now_ms) {
    auto row = NACRE_TRY(database_.prepare(
        "INSERT INTO client (token_hash, name, scopes, created_ms) VALUES (?1, ?2, ?3, ?4)"));
    return row.bind(0, token).bind(1, name).bind(2, scopes.bits).bind(3, now_ms).run();
}

Result<ClientRow> ClientStore::verify(std::string_view text) {
    const Error unknown{ErrorCode::unauthenticated, "verify token"};
    const auto hashed = hash_token(text);
    if (!hashed) return unknown;
    auto row = NACRE_TRY(database_.prepare(
        "SELECT name, scopes, created_ms FROM client WHERE token_hash = ?1"));
    row.bind(0, *hashed);
    if (!NACRE_TRY(row.step())) return unknown;
    return client_row(row);
}

Result<std::vector<ClientRow>> ClientStore::list() {
    auto row = NACRE_TRY(
        database_.prepare("SELECT name, scopes, created_ms FROM client ORDER BY created_ms, name"));
    std::vector<ClientRow> clients;
    while (NACRE_TRY(row.step())) clients.push_back(client_row(row));
    return clients;
}

Result<std::optional<TokenHash>> ClientStore::hash_of(std::string_view name) {
    auto row = NACRE_TRY(database_.prepare("SELECT token_hash FROM client WHERE name = ?1"));
    row.bind(0, name);
    if (!NACRE_TRY(row.step())) return std::optional<TokenHash>{};
    return std::optional<TokenHash>{array_column<sizeof(TokenHash)>(row, 0)};
}

Result<void> ClientStore::remove(std::string_view name) {
    auto row = NACRE_TRY(database_.prepare("DELETE FROM client WHERE name = ?1"));
    NACRE_TRY(row.bind(0, name).run());
    if (database_.changes() == 0) return Error{ErrorCode::not_found, "remove client"};
    return {};
}

}  // namespace nacre::vault
