#include "daemon/vaultd/gate.h"

#include <sodium.h>

#include "api/base/log.h"
#include "api/status_map.h"
#include "daemon/vaultd/reader.h"

namespace nacre::vaultd {
namespace {

constexpr std::size_t kMaxKnownTokens = 64;
constexpr std::string_view kBearer = "Bearer ";

log::Level level_of(ErrorCode code) {
    switch (code) {
        case ErrorCode::internal:
        case ErrorCode::io_failed:
        case ErrorCode::disk_full:
        case ErrorCode::vault_damaged: return log::Level::error;
        case ErrorCode::resource_exhausted:
        case ErrorCode::unauthenticated:
        case ErrorCode::permission_denied:
        case ErrorCode::wrong_passphrase: return log::Level::warning;
        case ErrorCode::canceled: return log::Level::debug;
        default: return log::Level::info;
    }
}

}  // namespace

std::string_view bearer_token(const Metadata& metadata) {
    const auto entry = metadata.find("authorization");
    if (entry == metadata.end()) return {};
    const std::string_view value{entry->second.data(), entry->second.size()};
    if (!value.starts_with(kBearer)) return {};
    return value.substr(kBearer.size());
}

Result<Caller> Gate::admit(Literal rpc, const Metadata& metadata) {
    const RpcRule* rule = find_rule(rpc.c_str());
    if (rule == nullptr) return Error{ErrorCode::internal, "no admission row"};
    const VaultState state = operations_.vault_state();
    Caller caller;
    if (state == VaultState::unlocked) caller.scopes = NACRE_TRY(scopes_of(metadata));
    const Result<void> admitted = vaultd::admit(*rule, state, caller.scopes);
    if (admitted.ok()) {
        if (rule->scope) operations_.used();
        return caller;
    }
    if (state == VaultState::unusable && admitted.error().code == ErrorCode::vault_damaged) {
        return Error{operations_.status().vault_problem.value_or(ErrorCode::vault_damaged),
                     "admission"};
    }
    return admitted.error();
}

// An unknown token is no token: calls that need none go through with it.
Result<vault::Scopes> Gate::scopes_of(const Metadata& metadata) {
    const std::string_view token = bearer_token(metadata);
    if (token.empty()) return vault::Scopes{};
    TokenHash hash{};
    crypto_generichash(hash.data(), hash.size(), as_bytes(token).data(), token.size(), nullptr, 0);
    {
        const std::lock_guard lock{mutex_};
        const auto known = known_.find(hash);
        if (known != known_.end()) return known->second;
    }
    Reader reader = NACRE_TRY(Reader::open(operations_));
    const Result<vault::ClientRow> client = vault::ClientStore{reader.database()}.verify(token);
    if (!client.ok()) {
        if (client.error().code != ErrorCode::unauthenticated) return client.error();
        return vault::Scopes{};
    }
    const std::lock_guard lock{mutex_};
    if (known_.size() >= kMaxKnownTokens) known_.clear();
    known_.emplace(hash, client->scopes);
    return client->scopes;
}

void Gate::forget_tokens() {
    const std::lock_guard lock{mutex_};
    known_.clear();
}

bool Gate::begin_stream() {
    if (++streams_ <= kMaxStreams) return true;
    --streams_;
    return false;
}

grpc::Status close_call(Literal rpc, const Result<void>& outcome) {
    if (outcome.ok()) return grpc::Status::OK;
    log::write(level_of(outcome.error().code), rpc, outcome.error());
    return api::to_status(outcome.error());
}

}  // namespace nacre::vaultd
