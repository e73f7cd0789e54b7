// Goal: whatever others write, what reaches the terminal or a JSON reader is valid UTF-8 without
// anything that steers either.
#include <clocale>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "clients/cli/json.h"
#include "clients/cli/terminal_text.h"

using namespace nacre::cli;

namespace {

bool has_control(std::string_view text, bool but_line_feeds) {
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte == '\n' && but_line_feeds) continue;
        if (byte < 0x20 || byte == 0x7f) return true;
    }
    return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const bool locale = std::setlocale(LC_CTYPE, "C.UTF-8") != nullptr;
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    const std::string line = safe_line(text);
    const std::string block = safe_block(text, 4);
    const std::string json = json_quote(text);
    const bool well = locale && is_utf8(line) && is_utf8(block) && is_utf8(json) &&
                      !has_control(line, false) && !has_control(block, true) &&
                      !has_control(json, false) && line.find("\xe2\x80\xae") == std::string::npos &&
                      width(shorten(line, 20)) <= 20 && width(fit(line, 20)) >= 19;
    if (!well) std::abort();
    return 0;
}
