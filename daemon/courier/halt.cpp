#include "daemon/courier/halt.h"

#include <array>
#include <string>
#include <string_view>

#include "api/base/version.h"

namespace nacre::courier {
namespace {

struct Word {
    Halt halt;
    std::string text;
};

const std::array<Word, 3>& words() {
    static const std::array<Word, 3> kWords{
        Word{Halt::connected_elsewhere, "connected_elsewhere"},
        Word{Halt::unlinked, "unlinked"},
        Word{Halt::client_too_old, "client_too_old " + std::string{version()}},
    };
    return kWords;
}

constexpr std::size_t kMostBytes = 256;

}  // namespace

Result<Halted> load_halt(const StateFolder& state) {
    const auto bytes = NACRE_TRY(state.read("halt", kMostBytes));
    if (!bytes || bytes->empty() || bytes->back() != '\n') return Halted{};
    const std::string_view line = as_text(*bytes).substr(0, bytes->size() - 1);
    const std::size_t space = line.rfind(' ');
    if (space == std::string_view::npos) return Halted{};
    for (const Word& word : words())
        if (line.substr(0, space) == word.text)
            return Halted{word.halt, std::string{line.substr(space + 1)}};
    return Halted{};
}

Result<void> store_halt(const StateFolder& state, const Halted& halted) {
    for (const Word& word : words())
        if (word.halt == halted.halt)
            return state.replace(
                "halt", as_bytes(word.text + " " + halted.device + "\n"));
    return state.remove("halt");
}

}  // namespace nacre::courier
