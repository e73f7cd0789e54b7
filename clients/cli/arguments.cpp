#include "clients/cli/arguments.h"

#include <CLI/CLI.hpp>
#include <string>

#include "api/base/version.h"

namespace nacre::cli {
namespace {

constexpr char kConversationHelp[] = "id, exact title, or number";

// Options that several commands have.
void add_passphrase_fd(CLI::App& command, Arguments& out) {
    command
        .add_option("--passphrase-fd", out.passphrase_fd,
                    "Read the passphrase's line from this descriptor, not from the terminal")
        ->type_name("N");
}

void add_limits(CLI::App& command, Arguments& out, const char* what) {
    auto* limit = command.add_option("-n,--limit", out.limit, std::string{"At most this many "} + what)
                      ->check(CLI::Range(1U, 1000000U))
                      ->type_name("N")
                      ->capture_default_str();
    command.add_flag("--all", out.all, "All of them")->excludes(limit);
}

void add_vault_commands(CLI::App& app, Arguments& out) {
    auto* init = app.add_subcommand("init", "Make a vault, with a passphrase of your choice");
    add_passphrase_fd(*init, out);
    auto* unlock = app.add_subcommand("unlock", "Open the vault with its passphrase");
    add_passphrase_fd(*unlock, out);
    unlock->add_flag("--accept-older-header", out.accept_older_header,
                     "Open it although it is older than the one last opened here");
    unlock->add_flag("--new-token", out.new_token,
                     "Get a new token for this command, when the old one is lost");
    app.add_subcommand("lock", "Lock the vault: the process that holds its keys ends");
    app.add_subcommand("status", "Say how things are");
    auto* link = app.add_subcommand("link", "Become a device of your account, by a QR code");
    link->add_option("--name", out.device_name, "What the phone shows for this device")
        ->type_name("NAME");
    app.add_subcommand("reconnect", "Connect again after another connection took over");
    app.add_subcommand("accept-environment",
                       "Accept the configured servers in place of those of the link");
}

void add_reading_commands(CLI::App& app, Arguments& out) {
    auto* conversations = app.add_subcommand("conversations", "List conversations, latest first");
    add_limits(*conversations, out, "conversations");
    auto* recipients = app.add_subcommand("recipients", "List the people you can write to");
    recipients->add_option("QUERY", out.query, "Part of a name or number");
    add_limits(*recipients, out, "people");
    auto* messages = app.add_subcommand("messages", "Show a conversation's latest messages");
    messages->add_option("CONVERSATION", out.conversation, kConversationHelp)->required();
    add_limits(*messages, out, "messages");
    auto* search = app.add_subcommand("search", "Find messages by parts of their text");
    search->add_option("QUERY", out.query, "Words or parts of words; all must occur")->required();
    search->add_option("--in", out.conversation, "Only in this conversation")
        ->type_name("CONVERSATION");
    add_limits(*search, out, "messages");
    auto* watch = app.add_subcommand("watch", "Show what happens, until interrupted");
    watch->add_option("--after", out.after, "Begin after this event, 0: with the first")
        ->type_name("SEQUENCE");
    watch->add_flag("--text", out.with_text, "Show messages, not only that there are some");
}

void add_writing_commands(CLI::App& app, Arguments& out) {
    auto* send = app.add_subcommand("send", "Send a message");
    send->add_option("CONVERSATION", out.conversation,
                     "A conversation or a person: id, exact name, or number")
        ->required();
    send->add_option("TEXT", out.text, "The text; '-': standard input, without its last line end")
        ->required();
    send->add_option("--request-id", out.request_id,
                     "Sending again with the same id sends nothing twice")
        ->type_name("ID");
    auto* read = app.add_subcommand("read", "Mark a conversation as read");
    read->add_option("CONVERSATION", out.conversation, kConversationHelp)->required();
    auto* accept = app.add_subcommand("accept-identity",
                                      "Accept a changed safety number; waiting messages go out");
    accept->add_option("RECIPIENT", out.recipient, "Id, exact name, or number")->required();
}

}  // namespace

std::optional<ExitCode> parse_arguments(int argc, char** argv, Arguments& out) {
    CLI::App app{"nacre: read and write the messages of a nacre vault.", "nacre"};
    app.set_version_flag("--version", "nacre " + std::string{version()});
    app.set_help_flag("-h,--help", "Print this help and exit");
    app.add_option("--instance", out.places.instance, "Which daemon")
        ->type_name("NAME")
        ->capture_default_str();
    app.add_option("--socket", out.places.socket, "The daemon's API socket, instead of --instance")
        ->type_name("FILE");
    app.add_option("--token-file", out.places.token_file, "Where this client's token is")
        ->type_name("FILE");
    app.add_flag("--json", out.json, "One JSON object a line");
    app.footer(kExitCodeHelp);
    app.require_subcommand(1);
    app.fallthrough();
    add_vault_commands(app, out);
    add_reading_commands(app, out);
    add_writing_commands(app, out);
    for (CLI::App* command : app.get_subcommands({})) command->fallthrough();
    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& done) {
        app.exit(done);
        return ExitCode::success;
    } catch (const CLI::ParseError& wrong) {
        app.exit(wrong);
        return ExitCode::user_error;
    }
    out.verb = app.get_subcommands().front()->get_name();
    return std::nullopt;
}

}  // namespace nacre::cli
