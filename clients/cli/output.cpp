#include "clients/cli/output.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "clients/cli/terminal_text.h"

namespace nacre::cli {
namespace {

bool wants_colours() {
    if (isatty(STDOUT_FILENO) == 0) return false;
    const char* no_color = std::getenv("NO_COLOR");  // NOLINT(concurrency-mt-unsafe): one thread
    const char* terminal = std::getenv("TERM");      // NOLINT(concurrency-mt-unsafe): one thread
    return (no_color == nullptr || no_color[0] == '\0') &&
           (terminal == nullptr || std::string_view{terminal} != "dumb");
}

void put(std::FILE* stream, std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stream);
    std::fputc('\n', stream);
    // Whoever reads along gets each line when it is there.
    std::fflush(stream);
}

}  // namespace

Output::Output(bool json) : json_{json}, colours_{!json && wants_colours()} {}

void Output::line(std::string_view text) const { put(stdout, text); }

void Output::note(std::string_view text) const {
    if (!json_) put(stderr, text);
}

void Output::error(std::string_view reason, std::string_view sentence, int exit_code) const {
    if (!json_) return put(stderr, "nacre: " + std::string{sentence});
    JsonObject object;
    object.add("error", reason).add("message", sentence).add("exitCode", exit_code);
    put(stderr, object.text());
}

std::string Output::bold(std::string_view text) const {
    return colours_ ? "\x1b[1m" + std::string{text} + "\x1b[0m" : std::string{text};
}

std::string Output::dim(std::string_view text) const {
    return colours_ ? "\x1b[2m" + std::string{text} + "\x1b[0m" : std::string{text};
}

bool Output::close() { return std::fflush(stdout) == 0 && std::ferror(stdout) == 0; }

std::vector<std::string> align(const std::vector<std::vector<std::string>>& rows,
                               std::size_t widest) {
    std::vector<std::size_t> widths;
    for (const auto& row : rows) {
        if (row.size() > widths.size()) widths.resize(row.size());
        for (std::size_t i = 0; i < row.size(); ++i) {
            widths[i] = std::max(widths[i], std::min(width(row[i]), widest));
        }
    }
    std::vector<std::string> lines;
    for (const auto& row : rows) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i) {
            const bool last = i + 1 == row.size();
            line += last ? row[i] : fit(row[i], widths[i]) + "  ";
        }
        lines.push_back(std::move(line));
    }
    return lines;
}

}  // namespace nacre::cli
