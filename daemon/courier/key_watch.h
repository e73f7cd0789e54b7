// KeyWatch: while the vault is locked, asks the server now and then how many one-time pre-keys it has
// left, and gives it an upload that the vault left ready when they run low. With none left, senders
// get the last-resort keys, and receiving goes on.
//
// Layer:   daemon/courier.
// Secrets: none.
// Errors:  logged; the next look tries again.
// Threads: the network thread.
// Wire:    signal-linked-device notes A.7.
#pragma once

#include <functional>

#include "daemon/courier/ready_keys.h"
#include "daemon/libsignal/chat.h"

namespace nacre::courier {

struct KeyCounts {
    std::uint64_t ec = 0;
    std::uint64_t kyber = 0;
};

// {"count": …, "pqCount": …}
Result<KeyCounts> read_key_counts(ByteView json);

class KeyWatch {
public:
    using Send = std::function<void(const signal::Request& request, signal::OnResponse done)>;

    // Below this the vault would refill, too.
    static constexpr std::uint64_t kLow = 10;
    // Each may have used up a key.
    static constexpr std::uint64_t kEnvelopesBetween = 20;

    explicit KeyWatch(ReadyKeys& keys) : keys_{keys} {}
    void begin(Send send) { send_ = std::move(send); }

    // The vault has begun an epoch on the present link: it refills by itself. Or the link is gone.
    void vault_open(bool open);
    void connected(bool now);
    // Envelopes up to this ticket have come; tickets rise.
    void durable(std::uint64_t ticket);

private:
    void look();
    void ask(v1::IdentityKind identity, std::function<void()> then);
    void answered(v1::IdentityKind identity, const Result<signal::Response>& response);
    void upload(v1::IdentityKind identity);

    ReadyKeys& keys_;
    Send send_;
    bool open_ = false;
    bool connected_ = false;
    bool looking_ = false;
    std::uint64_t last_ticket_ = 0;
    std::uint64_t looked_at_ = 0;  // that ticket
};

}  // namespace nacre::courier
