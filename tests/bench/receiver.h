// Receiver: writes to a vault's stores what a received message writes, without Signal.
#pragma once

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "vault/conversation_store.h"
#include "vault/event_store.h"
#include "vault/protocol_store.h"
#include "vault/quarantine_store.h"
#include "vault/recipient_store.h"
#include "vault/search.h"

namespace nacre::bench {

using namespace nacre::vault;

constexpr int kBatch = 100;
constexpr std::int64_t kNow = 1'790'000'000'000;

// The value, or the end of the program.
template <class T>
T must(Result<T> result) {
    if (!result.ok()) {
        std::fprintf(stderr, "%s\n", result.error().where.c_str());
        std::exit(1);
    }
    if constexpr (!std::is_void_v<T>) return std::move(result).value();
}

struct Work {
    bool index = true;
    bool index_in_savepoint = false;
    bool protocol = true;
};

// Everything that a received message writes, a savepoint each, a hundred in a transaction.
class Receiver {
public:
    explicit Receiver(Database& database) : database_{database} {
        auto transaction = must(Transaction::begin(database_));
        author_ = must(recipients_.ensure(sender_));
        conversation_ = must(conversations_.ensure_recipient(author_.row));
        must(transaction.commit());
    }

    void run(const std::vector<std::string>& texts, const Work& work) {
        for (std::size_t at = 0; at < texts.size();) {
            auto transaction = must(Transaction::begin(database_));
            const std::size_t end = std::min(texts.size(), at + kBatch);
            for (; at < end; ++at) one(texts[at], static_cast<std::int64_t>(at), work);
            if (work.index) must(search_.index_new());
            must(transaction.commit());
        }
    }

private:
    void one(const std::string& text, std::int64_t at, const Work& work) {
        auto savepoint = must(Savepoint::begin(database_));
        if (work.protocol) protocol();
        const Bytes content(text.begin(), text.end());
        const auto author = must(recipients_.find_aci(sender_.uuid()));
        const auto conversation = must(conversations_.ensure_recipient(author->row));
        const auto ref = must(messages_.insert({
            .conversation = conversation.row,
            .author = author->row,
            .author_device = 1,
            .sent_ms = kNow + at,
            .server_ms = kNow + at,
            .received_ms = kNow + at,
            .body = text,
            .content = content,
            .client_request_id = {},
        }));
        must(events_.append({EventKind::message_received, conversation_.id, ref.id, {}}, kNow));
        if (work.index_in_savepoint) must(search_.index_new());
        must(savepoint.release());
    }

    void protocol() {
        const Id hash_half = Id::random();
        Bytes hash(hash_half.bytes.begin(), hash_half.bytes.end());
        hash.resize(32);
        must(quarantine_.note_seen(hash, kNow));
        must(protocol_.session(OwnIdentity::aci, sender_, 1));
        must(protocol_.save_identity(sender_, Bytes(33, 5), kNow));
        must(protocol_.save_session(OwnIdentity::aci, sender_, 1, Bytes(2500, 7)));
    }

    Database& database_;
    ServiceId sender_ = ServiceId::aci(Id::random().bytes);
    RecipientStore recipients_{database_};
    ConversationStore conversations_{database_};
    MessageStore messages_{database_};
    EventStore events_{database_};
    QuarantineStore quarantine_{database_};
    ProtocolStore protocol_{database_};
    Search search_{database_};
    RecipientRow author_;
    ConversationRow conversation_;
};

}  // namespace nacre::bench
