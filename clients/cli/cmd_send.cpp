// nacre send: commits a message to the vault; it goes out from there, unless a safety number changed.
#include <unistd.h>

#include <array>
#include <cerrno>

#include "api/base/bytes.h"
#include "clients/cli/commands.h"
#include "clients/cli/conversation_choice.h"
#include "clients/cli/records.h"
#include "clients/cli/terminal_text.h"
#include "nacre/v1/messages.grpc.pb.h"
#include "sandbox/secret.h"

namespace nacre::cli {
namespace {

constexpr std::size_t kMaxText = 65536;

// One byte more than allowed is enough to know that it is too long.
Result<std::string> read_text() {
    std::string text;
    std::array<char, 8192> buffer{};
    while (text.size() <= kMaxText + 1) {
        const ssize_t count = read(STDIN_FILENO, buffer.data(), buffer.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return os_error("standard input", errno);
        if (count == 0) break;
        text.append(buffer.data(), static_cast<std::size_t>(count));
    }
    // As echo and editors leave it.
    if (text.ends_with('\n')) text.pop_back();
    return text;
}

std::string random_id() {
    std::array<std::uint8_t, 16> bytes{};
    fill_with_random(bytes);
    return to_hex(bytes);
}

std::optional<ExitCode> check_text(const Session& session, const std::string& text) {
    if (text.empty()) {
        return session.fail(ErrorCode::invalid_argument, "There is nothing to send: the text is empty.");
    }
    if (text.size() > kMaxText) {
        return session.fail(ErrorCode::invalid_argument,
                            "The text is too long: a message has up to 65536 bytes.");
    }
    if (!is_utf8(text) || text.find('\0') != std::string::npos) {
        return session.fail(ErrorCode::invalid_argument,
                            "The text is not valid UTF-8, or holds a NUL character.");
    }
    return std::nullopt;
}

}  // namespace

ExitCode cmd_send(Session& session) {
    const Arguments& arguments = session.arguments();
    std::string text = arguments.text;
    if (text == "-") {
        Result<std::string> input = read_text();
        if (!input.ok()) return session.fail(input.error(), "Standard input");
        text = std::move(*input);
    }
    if (const auto failed = check_text(session, text)) return *failed;
    ExitCode failure{};
    const auto conversation =
        choose_conversation(session, arguments.conversation, Missing::is_opened, failure);
    if (!conversation) return failure;

    v1::SendMessageRequest request;
    request.set_conversation_id(conversation->id());
    request.set_text(text);
    request.set_client_request_id(arguments.request_id.empty() ? random_id()
                                                               : arguments.request_id);
    v1::SendMessageResponse reply;
    const auto call = session.channel().call();
    const grpc::Status status =
        session.stub<v1::MessagesService>()->SendMessage(call.get(), request, &reply);
    if (!status.ok()) return session.fail(status);
    if (session.output().json()) {
        session.output().object(to_json(reply.message()));
    } else {
        session.output().line("To " + safe_line(conversation->title()) + ": " +
                              state_text(reply.message()) + "  [" + reply.message().id() + "]");
    }
    if (reply.message().state() != v1::Message::STATE_BLOCKED_IDENTITY) return ExitCode::success;
    return session.fail(ErrorCode::untrusted_identity,
                        "The message is stored and waits: the safety number of " +
                            safe_line(conversation->title()) +
                            " has changed. Compare it with them, then accept it with 'nacre "
                            "accept-identity'; what waits goes out then.");
}

}  // namespace nacre::cli
