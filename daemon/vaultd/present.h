// Presenter: the vault's rows as the API shows them.
//
// Layer:   daemon/vaultd.
// Secrets: message text and names; only into replies.
// Errors:  the database's.
// Threads: a value for one call.
#pragma once

#include <cstdint>
#include <map>

#include "api/base/result.h"
#include "nacre/v1/types.pb.h"
#include "vault/conversation_store.h"
#include "vault/message_store.h"
#include "vault/recipient_store.h"

namespace nacre::vaultd {

class Presenter {
public:
    explicit Presenter(vault::Database& database) : database_{database} {}

    static void recipient(const vault::RecipientRow& row, v1::Recipient& out);
    Result<void> message(const vault::MessageRow& row, v1::Message& out);
    // The last message is looked up; listing has it already.
    Result<void> conversation(const vault::ConversationRow& row, v1::Conversation& out);
    Result<void> conversation(const vault::ListedConversation& listed, v1::Conversation& out);

private:
    // Null when there is no such row.
    Result<const v1::Recipient*> known(std::int64_t row);
    Result<void> head(const vault::ConversationRow& row, v1::Conversation& out);

    vault::Database& database_;
    std::map<std::int64_t, v1::Recipient> recipients_;  // a page has few people and many rows
};

}  // namespace nacre::vaultd
