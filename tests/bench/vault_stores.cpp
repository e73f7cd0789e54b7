// vault_stores: what a stored message and its search index cost, in time and size, by language.
// The numbers in vault/FORMAT.md come from here:  build/release/bench/vault_stores [messages]
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <vector>

#include "tests/support/sample_text.h"
#include "tests/support/temp_dir.h"
#include "vault/conversation_store.h"
#include "vault/event_store.h"
#include "vault/migrations.h"
#include "vault/protocol_store.h"
#include "vault/quarantine_store.h"
#include "vault/recipient_store.h"
#include "vault/search.h"

namespace {

using namespace nacre;
using namespace nacre::vault;

constexpr int kBatch = 100;
constexpr std::int64_t kNow = 1'790'000'000'000;

template <class T>
T must(Result<T> result) {
    if (!result.ok()) {
        std::fprintf(stderr, "%s\n", result.error().where.c_str());
        std::exit(1);
    }
    if constexpr (!std::is_void_v<T>) return std::move(result).value();
}

// Processor time of this thread: other work on the machine, and the disk, do not count.
double microseconds() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

std::int64_t number(Database& database, Literal sql) {
    auto row = must(database.prepare(sql));
    must(row.step());
    return row.integer(0);
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

struct Fresh {
    tests::TempDir dir;
    Secret<32> key = must(Secret<32>::random());
    Database database = must(Database::open(dir / "bench.db", key, Database::Mode::create));
    Fresh() { must(migrate(database, migrations())); }
};

double insert_time(const std::vector<std::string>& texts, const Work& work) {
    Fresh fresh;
    Receiver receiver{fresh.database};
    const double start = microseconds();
    receiver.run(texts, work);
    return (microseconds() - start) / static_cast<double>(texts.size());
}

void query_time(Database& database, std::string_view query) {
    Search search{database};
    std::vector<double> times;
    std::size_t hits = 0;
    for (int i = 0; i < 5; ++i) {
        const double start = microseconds();
        hits = must(search.find(query, std::nullopt, {})).hits.size();
        times.push_back(microseconds() - start);
    }
    std::sort(times.begin(), times.end());
    std::printf("    %-16.*s %3zu hits  first page %8.2f ms\n", static_cast<int>(query.size()),
                query.data(), hits, times[2] / 1000);
}

void report(tests::Language language, int count) {
    tests::SampleText sample{language, 1};
    std::vector<std::string> texts;
    std::size_t bytes = 0;
    for (int i = 0; i < count; ++i) {
        texts.push_back(sample.message());
        bytes += texts.back().size();
    }
    std::printf("%s: %d messages, %.0f bytes each\n",
                std::string{tests::language_name(language)}.c_str(), count,
                static_cast<double>(bytes) / count);
    std::printf("  message and event            %6.1f us\n",
                insert_time(texts, {.index = false, .protocol = false}));
    std::printf("  with index                   %6.1f us\n", insert_time(texts, {.protocol = false}));
    std::printf("  with session, identity, seen %6.1f us\n", insert_time(texts, {}));

    Fresh fresh;
    Receiver{fresh.database}.run(texts, {.protocol = false});
    const auto index =
        number(fresh.database, "SELECT sum(length(block)) FROM message_index_data");
    const auto pages = number(fresh.database, "PRAGMA page_count");
    std::printf("  index %.2f of the text; database %.2f of the text\n",
                static_cast<double>(index) / static_cast<double>(bytes),
                static_cast<double>(pages) * 4096 / static_cast<double>(bytes));
    for (const char* query : {"e", "th", "station", "wochenende", "zzzzzz", "meeting tomorrow",
                              "我", "今天", "吃饭", "東京", "の"}) {
        query_time(fresh.database, query);
    }
}

}  // namespace

int main(int argc, char** argv) {
    const int count = argc > 1 ? std::atoi(argv[1]) : 20000;
    {
        tests::SampleText sample{tests::Language::english, 1};
        std::vector<std::string> texts;
        for (int i = 0; i < 2000; ++i) texts.push_back(sample.message());
        std::printf("indexing once a batch %.1f us a message, once a savepoint %.1f us\n",
                    insert_time(texts, {.protocol = false}),
                    insert_time(texts, {.index_in_savepoint = true, .protocol = false}));
    }
    for (const auto language : tests::kLanguages) report(language, count);
    return 0;
}
