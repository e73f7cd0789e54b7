// Search: messages by parts of their text, through the index and checked against the text.
//
// Layer:   vault.
// Secrets: queries and text; never logged.
// Errors:  Database's; invalid_argument (a query without a word, longer than 1024 bytes; a token
//          of another query); not_found (no such conversation).
// Threads: as its Database.
// Format:  vault/FORMAT.md, "Search index".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/base/result.h"
#include "vault/database.h"
#include "vault/id.h"
#include "vault/message_store.h"
#include "vault/page.h"
#include "vault/fold.h"

namespace nacre::vault {

struct SearchHit {
    MessageRow message;
    std::string snippet;            // a piece of message.body, cut between characters
    std::size_t snippet_start = 0;  // where it stands in the body, in bytes
    std::vector<TextRange> ranges;  // of the words, in bytes of the snippet; ascending, apart
};

struct SearchPage {
    std::vector<SearchHit> hits;
    std::string next_token;
};

class Search {
public:
    explicit Search(Database& database) : database_{database} {}

    // Latest first, messages whose text contains every word of `query` as a substring, case and
    // accents folded. Complete also for messages that are not indexed yet: those are read. Pages
    // of at most 200.
    Result<SearchPage> find(std::string_view query, const std::optional<Id>& conversation_id,
                            const PageRequest& page);

    // Indexes what was inserted since, if that is at least `at_least` messages. Call it once before
    // a batch's commit, outside of savepoints: each savepoint would make FTS5 write a segment of
    // its own, which doubles the cost of a message.
    Result<void> index_new(std::uint32_t at_least = 1);

    // Before a message's text changes or goes: takes it out of the index. `body` must be what was
    // indexed. False: it was not indexed yet.
    Result<bool> forget(std::int64_t order, std::string_view body);
    // The new text of a message that forget() took out.
    Result<void> remember(std::int64_t order, std::string_view body);

private:
    class Run;
    Result<std::int64_t> indexed();

    Database& database_;
};

}  // namespace nacre::vault
