// Gate: decides at the head of every call, and closes every call: one log line for each error.
//
// Layer:   daemon/vaultd.
// Secrets: a caller's token passes through; kept is its hash, in the vault and in a small cache.
// Errors:  those of admission.h.
// Threads: any.
#pragma once

#include <grpcpp/grpcpp.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <stop_token>
#include <string_view>

#include "api/base/result.h"
#include "daemon/vaultd/admission.h"
#include "daemon/vaultd/operations.h"

namespace nacre::vaultd {

struct Caller {
    vault::Scopes scopes;  // none: no token, an unknown one, or the vault is not open
};

using Metadata = std::multimap<grpc::string_ref, grpc::string_ref>;

// The token that a caller shows; empty: none. Borrowed.
std::string_view bearer_token(const Metadata& metadata);

class Gate {
public:
    using Metadata = vaultd::Metadata;

    explicit Gate(Operations& operations) : operations_{operations} {}

    // `rpc` is a row of the admission table.
    Result<Caller> admit(Literal rpc, const Metadata& metadata);

    // After a token has ended.
    void forget_tokens();

    // How many streams there may be at a time: each holds a thread.
    static constexpr int kMaxStreams = 32;
    bool begin_stream();
    void end_stream() { --streams_; }

    // The server ends: every stream stops, and its client hears that the vault is locked now.
    void close() { closing_.request_stop(); }
    std::stop_token closing() const { return closing_.get_token(); }

private:
    using TokenHash = std::array<std::uint8_t, 32>;

    Result<vault::Scopes> scopes_of(const Metadata& metadata);

    Operations& operations_;
    std::stop_source closing_;
    std::atomic<int> streams_ = 0;
    std::mutex mutex_;
    std::map<TokenHash, vault::Scopes> known_;  // of the open vault
};

// What the client gets for the outcome; logs it unless it is a success.
grpc::Status close_call(Literal rpc, const Result<void>& outcome);

}  // namespace nacre::vaultd
