#include "clients/cli/message_lines.h"

#include "clients/cli/local_time.h"
#include "clients/cli/records.h"
#include "clients/cli/terminal_text.h"

namespace nacre::cli {
namespace {

constexpr std::size_t kIndent = 18;  // of the time and two spaces

}  // namespace

std::string author_name(const v1::Message& message) {
    if (message.direction() == v1::Message::DIRECTION_OUTGOING) return "You";
    return safe_line(message.author().name());
}

std::string message_lines(const v1::Message& message, const Output& output) {
    const bool incoming = message.direction() == v1::Message::DIRECTION_INCOMING;
    std::string line = output.dim(fit(local_time(message.sent_at()), kIndent));
    line += output.bold(author_name(message) + ":") + " ";
    line += safe_block(body_text(message), kIndent);
    const std::string state = state_text(message);
    if (!state.empty()) line += output.dim("  (" + state + ")");
    if (incoming && !message.read()) line += output.bold("  (new)");
    return line;
}

std::string snippet_line(const v1::SearchHit& hit, const Output& output) {
    const std::string_view snippet = hit.snippet();
    std::string line;
    std::size_t done = 0;
    for (const v1::SearchRange& range : hit.ranges()) {
        const std::size_t start = range.start();
        const std::size_t length = range.length();
        // Only what lies within the snippet, in order: the numbers come from another process.
        if (start < done || start > snippet.size() || length > snippet.size() - start) continue;
        line += safe_line(snippet.substr(done, start - done));
        line += output.bold(safe_line(snippet.substr(start, length)));
        done = start + length;
    }
    return line + safe_line(snippet.substr(done));
}

}  // namespace nacre::cli
