// vault_stores: what a stored message and its search index cost, in time and size, by language.
// The numbers in vault/FORMAT.md come from here:  build/release/bench/vault_stores [messages]
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <vector>

#include "tests/bench/receiver.h"
#include "tests/support/sample_text.h"
#include "tests/support/temp_dir.h"
#include "vault/migrations.h"
#include "vault/search.h"

namespace {

using namespace nacre;
using namespace nacre::vault;
using namespace nacre::bench;

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
