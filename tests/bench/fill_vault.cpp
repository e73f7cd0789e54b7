// fill_vault: makes a vault with many messages, as if received; for the figure of the lock.
//   build/release/bench/fill_vault FOLDER COUNT <passphrase      prints a client's token
#include <unistd.h>

#include "tests/bench/receiver.h"
#include "tests/support/sample_text.h"
#include "vault/client_store.h"
#include "vault/vault.h"

namespace {

using namespace nacre;
using namespace nacre::bench;

constexpr std::size_t kAtOnce = 10'000;

void fill(Database& database, std::size_t count) {
    tests::SampleText text{tests::Language::english, 1};
    Receiver receiver{database};
    for (std::size_t done = 0; done < count; done += kAtOnce) {
        std::vector<std::string> texts;
        for (std::size_t i = 0; i < std::min(kAtOnce, count - done); ++i) texts.push_back(text.message());
        receiver.run(texts, {.protocol = false});
        if (done % 100'000 == 0) std::fprintf(stderr, "fill_vault: %zu of %zu\n", done, count);
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) return std::fprintf(stderr, "fill_vault FOLDER COUNT\n"), 1;
    const Passphrase passphrase = must(Passphrase::read_line(STDIN_FILENO));
    const auto vault = must(Vault::create(argv[1], passphrase, {50, std::nullopt}, [](Literal) {}));
    fill(vault->writer(), std::strtoull(argv[2], nullptr, 10));
    std::puts(must(ClientStore{vault->writer()}.create("bench", Scopes::all(), kNow)).c_str());
}
