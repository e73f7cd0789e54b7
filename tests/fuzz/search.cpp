// Goal: no text and no query breaks folding, the tokenizer, FTS5's query syntax or snippets, and
// the index finds every text that contains the query.
#include <sqlcipher/sqlite3.h>

#include <cstdlib>

#include "api/base/bytes.h"
#include "vault/fold.h"
#include "vault/snippet.h"
#include "vault/tokenizer.h"

namespace {

using namespace nacre;
using namespace nacre::vault;

void check(bool holds) {
    if (!holds) std::abort();
}

class Index {
public:
    Index() {
        check(sqlite3_open(":memory:", &connection_) == SQLITE_OK);
        check(register_tokenizer(connection_).ok());
        run("CREATE VIRTUAL TABLE i USING fts5(t, tokenize = 'nacre', detail = none)");
    }

    bool finds(std::string_view text, std::string_view expression) {
        run("DELETE FROM i");
        step("INSERT INTO i (t) VALUES (?1)", text);
        return step("SELECT 1 FROM i WHERE i MATCH ?1", expression) == SQLITE_ROW;
    }

private:
    void run(const char* sql) {
        check(sqlite3_exec(connection_, sql, nullptr, nullptr, nullptr) == SQLITE_OK);
    }

    int step(const char* sql, std::string_view value) {
        sqlite3_stmt* statement = nullptr;
        check(sqlite3_prepare_v2(connection_, sql, -1, &statement, nullptr) == SQLITE_OK);
        sqlite3_bind_text64(
            statement, 1, value.data(), value.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
        const int result = sqlite3_step(statement);
        check(result == SQLITE_ROW || result == SQLITE_DONE);
        sqlite3_finalize(statement);
        return result;
    }

    sqlite3* connection_ = nullptr;
};

void check_ranges(const std::vector<TextRange>& ranges, std::size_t size) {
    std::size_t end = 0;
    for (const TextRange& range : ranges) {
        check(range.length > 0 && range.start >= end && range.start + range.length <= size);
        end = range.start + range.length;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static Index index;
    if (size == 0) return 0;
    const std::string_view all = as_text({data + 1, size - 1});
    const std::string_view query = all.substr(0, data[0]);
    const std::string_view text = all.substr(std::min<std::size_t>(data[0], all.size()));

    const FoldedText folded = fold(text);
    check(folded.text.size() == folded.origin.size());
    const auto words = query_words(query);
    if (words.empty()) return 0;
    const bool contained = contains_words(folded.text, words);
    const auto ranges = word_ranges(folded, words);
    check_ranges(ranges, text.size());
    check(!contained || !ranges.empty());
    const Snippet cut = cut_snippet(text, ranges);
    check(text.substr(cut.start, cut.text.size()) == cut.text);
    check_ranges(cut.ranges, cut.text.size());
    check(ranges.empty() || !cut.ranges.empty());
    // Always asked, also when nothing can be found: the expression must be valid.
    const bool found = index.finds(text, match_expression(words).text);
    check(found || !contained);
    return 0;
}
