#include "vault/tokenizer.h"

#include <sqlcipher/sqlite3.h>

#include <algorithm>
#include <array>
#include <memory>
#include <new>

#include "vault/fold.h"

namespace nacre::vault {
namespace {

// Enough to narrow any query down; every hit is compared with the text afterwards.
constexpr std::size_t kMostTerms = 24;

using Callback = int (*)(void*, int, const char*, int, int, int);

// One for each table and connection: the buffers are kept between texts.
class Cutter {
public:
    int cut(std::string_view text, void* context, Callback callback) {
        fold(text, folded_);
        encode();
        for (std::size_t at = 0; at < folded_.size(); ++at) {
            if (folded_[at] == U' ') continue;
            std::size_t end = at + 1;
            const std::size_t most = std::min(at + term_length(folded_[at]), folded_.size());
            while (end < most && folded_[end] != U' ') ++end;
            const int status = callback(context,
                                        0,
                                        utf8_.data() + offsets_[at],
                                        static_cast<int>(offsets_[end] - offsets_[at]),
                                        0,
                                        0);
            if (status != SQLITE_OK) return status;
        }
        return SQLITE_OK;
    }

private:
    void encode() {
        utf8_.clear();
        offsets_.clear();
        for (const char32_t c : folded_) {
            offsets_.push_back(utf8_.size());
            if (c < 0x80) {
                utf8_.push_back(static_cast<char>(c));
            } else {
                append_utf8(c, utf8_);
            }
        }
        offsets_.push_back(utf8_.size());
    }

    std::u32string folded_;
    std::string utf8_;
    std::vector<std::size_t> offsets_;
};

Cutter* cutter(Fts5Tokenizer* tokenizer) { return reinterpret_cast<Cutter*>(tokenizer); }

int create_cutter(void*, const char**, int, Fts5Tokenizer** out) {
    *out = reinterpret_cast<Fts5Tokenizer*>(new (std::nothrow) Cutter);
    return *out == nullptr ? SQLITE_NOMEM : SQLITE_OK;
}

void delete_cutter(Fts5Tokenizer* tokenizer) { delete cutter(tokenizer); }

int tokenize(Fts5Tokenizer* tokenizer, void* context, int flags, const char* text, int length,
             Callback callback) {
    if (text == nullptr || length <= 0) return SQLITE_OK;
    if ((flags & FTS5_TOKENIZE_QUERY) != 0) {
        return callback(context, 0, text, length, 0, length);  // match_expression made the term
    }
    try {
        return cutter(tokenizer)->cut(
            {text, static_cast<std::size_t>(length)}, context, callback);
    } catch (const std::bad_alloc&) {  // must not pass through SQLite
        return SQLITE_NOMEM;
    }
}

void add_term(std::u32string_view term, bool prefix, std::string& out) {
    if (!out.empty()) out += " AND ";
    out += '"';
    for (const char32_t c : term) {
        if (c == U'"') out += '"';
        append_utf8(c, out);
    }
    out += '"';
    if (prefix) out += '*';
}

struct TermWriter {
    MatchExpression expression;
    std::size_t count = 0;

    void add(std::u32string_view term, bool prefix) {
        if (count++ >= kMostTerms) return;
        expression.prefix |= prefix;
        add_term(term, prefix, expression.text);
    }

    // Terms side by side, so that each character stands in one; the last may overlap. What is too
    // short for a term at the end is looked for as the beginning of one.
    void add_word(std::u32string_view word) {
        std::size_t covered = 0;
        std::size_t last_whole = std::u32string_view::npos;
        for (std::size_t at = 0; at < word.size(); ++at) {
            const std::size_t length = term_length(word[at]);
            if (at + length > word.size()) {
                if (last_whole != std::u32string_view::npos && covered < word.size()) {
                    const std::size_t end = last_whole + term_length(word[last_whole]);
                    if (end > covered) {
                        add(word.substr(last_whole, end - last_whole), false);
                        covered = end;
                    }
                }
                if (covered < word.size()) add(word.substr(at), true);
                return;
            }
            last_whole = at;
            if (at < covered) continue;
            add(word.substr(at, length), false);
            covered = at + length;
        }
    }
};

}  // namespace

Result<void> register_tokenizer(sqlite3* connection) {
    const Error refused{ErrorCode::internal, "register tokenizer"};
    sqlite3_stmt* raw = nullptr;
    if (sqlite3_prepare_v2(connection, "SELECT fts5(?1)", -1, &raw, nullptr) != SQLITE_OK) {
        return refused;
    }
    const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> statement{raw, sqlite3_finalize};
    fts5_api* api = nullptr;
    sqlite3_bind_pointer(raw, 1, &api, "fts5_api_ptr", nullptr);
    sqlite3_step(raw);
    if (api == nullptr || api->iVersion < 2) return refused;
    fts5_tokenizer tokenizer{create_cutter, delete_cutter, tokenize};
    if (api->xCreateTokenizer(api, "nacre", nullptr, &tokenizer, nullptr) != SQLITE_OK) {
        return refused;
    }
    return {};
}

MatchExpression match_expression(const std::vector<std::u32string>& words) {
    TermWriter writer;
    for (const std::u32string& word : words) writer.add_word(word);
    return std::move(writer.expression);
}

}  // namespace nacre::vault
