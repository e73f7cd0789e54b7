#include "vault/search.h"

#include <algorithm>

#include "vault/column.h"
#include "vault/snippet.h"
#include "vault/tokenizer.h"

namespace nacre::vault {
namespace {

constexpr std::size_t kMostQueryBytes = 1024;
constexpr std::uint32_t kMostHits = 200;
// Queries of one or two letters match most messages and cost most through the index: what is wanted
// as a rule stands among the latest ones, which are read directly first.
constexpr std::int64_t kReadFirst = 2000;

}  // namespace

// One query on its way from the latest message backwards.
class Search::Run {
public:
    Run(Database& database, std::vector<std::u32string> words, std::int64_t conversation,
        std::size_t wanted)
        : database_{database},
          words_{std::move(words)},
          conversation_{conversation},
          wanted_{wanted} {}

    // Orders of the messages found before `before`, latest first; at most one more than wanted.
    Result<std::vector<std::int64_t>> find(std::int64_t before, std::int64_t indexed) {
        const MatchExpression expression = match_expression(words_);
        std::int64_t read_from = indexed;
        if (expression.prefix) {
            const std::int64_t last = std::min(before - 1, NACRE_TRY(last_order()));
            read_from = std::min(indexed, std::max<std::int64_t>(0, last - kReadFirst));
        }
        NACRE_TRY(read(read_from, before));
        if (!enough()) NACRE_TRY(look_up(expression.text, std::min(before, read_from + 1)));
        return std::move(found_);
    }

private:
    bool enough() const { return found_.size() > wanted_; }

    Result<std::int64_t> last_order() {
        auto row = NACRE_TRY(database_.prepare("SELECT max(message_order) FROM message"));
        return only_number(std::move(row));
    }

    // Messages after `after` and before `before`, without the index.
    Result<void> read(std::int64_t after, std::int64_t before) {
        if (conversation_ == 0) {
            auto row = NACRE_TRY(database_.prepare(
                "SELECT message_order, body FROM message "
                "WHERE message_order > ?1 AND message_order < ?2 ORDER BY message_order DESC"));
            row.bind(0, after).bind(1, before);
            return take(std::move(row));
        }
        auto row = NACRE_TRY(database_.prepare(
            "SELECT message_order, body FROM message WHERE conversation = ?3 "
            "AND message_order > ?1 AND message_order < ?2 ORDER BY message_order DESC"));
        row.bind(0, after).bind(1, before).bind(2, conversation_);
        return take(std::move(row));
    }

    Result<void> look_up(std::string_view expression, std::int64_t before) {
        if (conversation_ == 0) {
            auto row = NACRE_TRY(database_.prepare(
                "SELECT m.message_order, m.body FROM message_index AS i "
                "CROSS JOIN message AS m ON m.message_order = i.rowid "
                "WHERE i.message_index MATCH ?1 AND i.rowid < ?2 ORDER BY i.rowid DESC"));
            row.bind(0, expression).bind(1, before);
            return take(std::move(row));
        }
        auto row = NACRE_TRY(database_.prepare(
            "SELECT m.message_order, m.body FROM message_index AS i "
            "CROSS JOIN message AS m ON m.message_order = i.rowid AND m.conversation = ?3 "
            "WHERE i.message_index MATCH ?1 AND i.rowid < ?2 ORDER BY i.rowid DESC"));
        row.bind(0, expression).bind(1, before).bind(2, conversation_);
        return take(std::move(row));
    }

    Result<void> take(Statement row) {
        while (!enough() && NACRE_TRY(row.step())) {
            fold(row.text(1), folded_);
            if (contains_words(folded_, words_)) found_.push_back(row.integer(0));
        }
        return {};
    }

    Database& database_;
    std::vector<std::u32string> words_;
    std::int64_t conversation_;
    std::size_t wanted_;
    std::vector<std::int64_t> found_;
    std::u32string folded_;
};

Result<std::int64_t> Search::indexed() {
    auto row =
        NACRE_TRY(database_.prepare("SELECT value FROM counter WHERE key = 'search.indexed'"));
    return only_number(std::move(row));
}

Result<SearchPage> Search::find(std::string_view query, const std::optional<Id>& conversation_id,
                                const PageRequest& page) {
    auto words = query_words(query);
    if (words.empty() || query.size() > kMostQueryBytes) {
        return Error{ErrorCode::invalid_argument, "search"};
    }
    std::string context{query};
    std::int64_t conversation = 0;
    if (conversation_id) {
        context += '\0';
        context += as_text(conversation_id->bytes);
        auto row = NACRE_TRY(database_.prepare("SELECT row FROM conversation WHERE id = ?1"));
        row.bind(0, conversation_id->bytes);
        conversation = NACRE_TRY(only_number(std::move(row)));
        if (conversation == 0) return Error{ErrorCode::not_found, "search in a conversation"};
    }
    PagePosition after{.order = INT64_MAX, .id = {}};
    if (!page.token.empty()) {
        after = NACRE_TRY(parse_page_token(PageKind::hits, context, page.token));
    }
    const std::uint32_t limit = page_limit(page.limit, kMostHits);
    Run run{database_, words, conversation, limit};
    const std::int64_t mark = NACRE_TRY(indexed());
    const auto orders = NACRE_TRY(run.find(after.order, mark));

    SearchPage found;
    MessageStore messages{database_};
    for (const std::int64_t order : orders) {
        if (found.hits.size() == limit) {
            const MessageRow& last = found.hits.back().message;
            found.next_token =
                page_token(PageKind::hits, context, {.order = last.order, .id = last.id});
            break;
        }
        auto message = NACRE_TRY(messages.find(order));
        if (!message) continue;  // deleted meanwhile by the writer
        auto cut = cut_snippet(message->body, word_ranges(fold(message->body), words));
        found.hits.push_back({
            .message = *std::move(message),
            .snippet = std::move(cut.text),
            .snippet_start = cut.start,
            .ranges = std::move(cut.ranges),
        });
    }
    return found;
}

Result<void> Search::index_new(std::uint32_t at_least) {
    const std::int64_t done = NACRE_TRY(indexed());
    std::int64_t last = 0;
    {
        auto row = NACRE_TRY(database_.prepare("SELECT max(message_order) FROM message"));
        last = NACRE_TRY(only_number(std::move(row)));
    }
    if (last - done < std::max<std::int64_t>(1, at_least)) return {};
    auto row = NACRE_TRY(database_.prepare(
        "INSERT INTO message_index (rowid, body) "
        "SELECT message_order, body FROM message WHERE message_order > ?1 ORDER BY message_order"));
    NACRE_TRY(row.bind(0, done).run());
    auto mark = NACRE_TRY(database_.prepare(
        "INSERT INTO counter (key, value) VALUES ('search.indexed', ?1) "
        "ON CONFLICT (key) DO UPDATE SET value = excluded.value"));
    return mark.bind(0, last).run();
}

Result<bool> Search::forget(std::int64_t order, std::string_view body) {
    if (order > NACRE_TRY(indexed())) return false;
    auto row = NACRE_TRY(database_.prepare(
        "INSERT INTO message_index (message_index, rowid, body) VALUES ('delete', ?1, ?2)"));
    NACRE_TRY(row.bind(0, order).bind(1, body).run());
    return true;
}

Result<void> Search::remember(std::int64_t order, std::string_view body) {
    auto row = NACRE_TRY(
        database_.prepare("INSERT INTO message_index (rowid, body) VALUES (?1, ?2)"));
    return row.bind(0, order).bind(1, body).run();
}

}  // namespace nacre::vault
