// ConversationStore: one row for each person or group with whom messages are exchanged.
//
// Layer:   vault.
// Secrets: who talks to whom; never logged.
// Errors:  Database's; not_found; invalid_argument (page token).
// Threads: as its Database. Writing needs a transaction of the caller's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/base/bytes.h"
#include "api/base/result.h"
#include "vault/database.h"
#include "vault/id.h"
#include "vault/message_store.h"
#include "vault/page.h"

namespace nacre::vault {

struct ConversationRow {
    std::int64_t row = 0;
    Id id;
    std::int64_t recipient = 0;  // RecipientRow::row; 0 for groups
    Bytes group_id;              // empty for people
    std::uint64_t unread_count = 0;
    std::int64_t last_order = 0;  // order of the last message; 0: none yet
    std::uint32_t expire_timer_s = 0;
    std::uint32_t expire_timer_version = 0;
};

struct ListedConversation {
    ConversationRow conversation;
    std::optional<MessageRow> last_message;
};

struct ConversationPage {
    std::vector<ListedConversation> conversations;
    std::string next_token;
};

class ConversationStore {
public:
    explicit ConversationStore(Database& database) : database_{database} {}

    Result<std::optional<ConversationRow>> find(const Id& id);
    Result<std::optional<ConversationRow>> find(std::int64_t row);
    Result<std::optional<ConversationRow>> find_recipient(std::int64_t recipient);
    // Made if there is none.
    Result<ConversationRow> ensure_recipient(std::int64_t recipient);
    Result<ConversationRow> ensure_group(ByteView group_id);
    // Latest first, those without messages last; pages of at most 500.
    Result<ConversationPage> list(const PageRequest& page);
    Result<void> set_expire_timer(std::int64_t row, std::uint32_t seconds, std::uint32_t version);

private:
    Database& database_;
};

}  // namespace nacre::vault
