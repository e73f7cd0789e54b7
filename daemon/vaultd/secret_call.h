// SecretCall: how a call that is a stream of replies asks its client for secrets: SecretNeeded, then
// the secret over the secret socket, then a try under vaultd/waits.
//
// Layer:   daemon/vaultd.
// Secrets: what is asked for, in the arena.
// Errors:  wrong_passphrase, rate_limited; of the ticket and the stream.
// Threads: the stream's own.
#pragma once

#include "daemon/vaultd/rpc.h"
#include "daemon/vaultd/serve.h"
#include "nacre/v1/slots.pb.h"

namespace nacre::vaultd {

inline void fill(v1::Slot& out, const vault::SlotInfo& slot, std::size_t opened) {
    out.set_number(static_cast<std::uint32_t>(slot.number));
    out.set_type(static_cast<v1::Slot::Type>(slot.type));
    out.set_label(slot.label);
    out.set_created_ms(slot.created_ms);
    out.set_opened(slot.number == opened);
}

// One call: its stream, whose replies have `secret` and `progress`, and how it asks.
template <class Reply>
class SecretCall {
public:
    SecretCall(RpcContext& context, ReplyStream<Reply>& stream)
        : context_{context}, stream_{stream} {}

    Result<Passphrase> ask(v1::SecretNeeded::Which which, const vault::SlotInfo* slot = nullptr) {
        SecretSocket::Ticket ticket = NACRE_TRY(context_.secrets.issue());
        Reply reply;
        v1::SecretNeeded& needed = *reply.mutable_secret();
        needed.set_ticket(ticket.bytes().data(), ticket.bytes().size());
        needed.set_which(which);
        if (slot != nullptr) fill(*needed.mutable_slot(), *slot, vault::kSlotCount);
        NACRE_TRY(stream_.send(reply));
        return ticket.wait(stream_.stop_token());
    }

    // A secret that opens the vault, and which slot it was. One that destroys opens nothing.
    Result<vault::SlotInfo> ask_current() {
        const auto slot = NACRE_TRY(ask_any());
        if (slot.type != vault::SlotType::duress) return slot;
        return Error{ErrorCode::wrong_passphrase, "show a secret"};
    }

    Result<vault::SlotInfo> ask_any() {
        NACRE_TRY(no_wait());
        const Passphrase secret = NACRE_TRY(ask(v1::SecretNeeded::WHICH_CURRENT));
        tell("Trying the secret");
        return context_.operations.try_secret(secret);
    }

    void tell(Literal sentence) {
        Reply reply;
        reply.set_progress(sentence.c_str());
        (void)stream_.send(reply);
    }

    // Before anybody types for nothing.
    Result<void> no_wait() const {
        if (context_.operations.wait_seconds() == 0) return {};
        return Error{ErrorCode::rate_limited, "try a secret: too soon"};
    }

private:
    RpcContext& context_;
    ReplyStream<Reply>& stream_;
};

}  // namespace nacre::vaultd
