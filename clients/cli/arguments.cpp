#include "clients/cli/arguments.h"

#include <CLI/CLI.hpp>
#include <string>

#include "api/base/version.h"
#include "api/tpm/address.h"
#include "clients/cli/help.h"

namespace nacre::cli {
namespace {

constexpr char kPurpose[] = "nacre: read and write the messages of a nacre vault.";
constexpr char kConversationHelp[] = "id, exact title, or number";

// Options that several commands have.
void add_passphrase_fd(CLI::App& command, Arguments& out) {
    command
        .add_option("--passphrase-fd", out.passphrase_fd,
                    "Read passphrases from this descriptor, a line each, not from the terminal")
        ->type_name("N");
}

void add_tpm_address(CLI::App& command, Arguments& out) {
    const auto known = [](const std::string& address) {
        return tpm::parse_address(address).ok()
                   ? std::string{}
                   : "a TPM's address is device:PATH, or swtpm:path=SOCKET for an emulator";
    };
    command.add_option("--tpm-address", out.tpm_address, "The TPM: device:PATH, swtpm:path=SOCKET")
        ->type_name("ADDRESS")
        ->check(CLI::Validator{known, ""})
        ->capture_default_str();
}

// A secret that opens the vault; `prefix` keeps it apart from a new one's options.
void add_current_secret(CLI::App& command, Arguments& out, const std::string& prefix) {
    add_passphrase_fd(command, out);
    auto* key = command.add_flag(prefix + "recovery-key", out.with_recovery_key,
                                 "Show a recovery key in place of a passphrase");
    auto* file = command.add_option(prefix + "key-file", out.with_key_file,
                                    "Show this key file in its place")
                     ->type_name("FILE")
                     ->excludes(key);
    command.add_flag(prefix + "tpm", out.with_tpm, "Show what this machine's TPM keeps in its place")
        ->excludes(key)
        ->excludes(file);
    add_tpm_address(command, out);
}

void add_tpm_binding(CLI::App& command, Arguments& out, CLI::Option* needs) {
    auto* registers = command.add_option("--pcrs", out.registers,
                                         "Registers that must be as they are now: 0 to 15, by commas; 7 "
                                         "unless told")
                          ->delimiter(',')
                          ->check(CLI::Range(0U, 15U))
                          ->type_name("N,...");
    auto* passphrase = command.add_flag("--with-passphrase", out.tpm_passphrase,
                                        "The TPM and a passphrase together, neither alone");
    if (needs == nullptr) return;
    registers->needs(needs);
    passphrase->needs(needs);
}

void add_force(CLI::App& command, Arguments& out) {
    command.add_flag("--force", out.force, "Take a passphrase however weak it is");
}

void add_key_file(CLI::App& command, Arguments& out) {
    auto* file = command.add_option("--key-file", out.key_file, "A file of at least 32 bytes as the secret")
                     ->type_name("FILE");
    command.add_flag("--make", out.make, "Make the key file")->needs(file);
}

void add_slot_commands(CLI::App& app, Arguments& out) {
    auto* slot = app.add_subcommand("slot", "The ways into the vault: passphrases, keys, files");
    slot->require_subcommand(1);
    slot->add_subcommand("list", "List the slots in use");
    auto* add = slot->add_subcommand("add", "Add a slot: a passphrase, unless an option says else");
    add_current_secret(*add, out, "--with-");
    add_force(*add, out);
    add->add_option("--label", out.label, "A name for it, at most 32 bytes")->type_name("TEXT");
    auto* kinds = add->add_option_group("Kinds", "What the slot takes");
    kinds->require_option(0, 1);
    kinds->add_flag("--recovery-key", out.new_recovery_key, "A key made now, to be written down");
    auto* file = kinds->add_option("--key-file", out.key_file, "A file of at least 32 bytes")
                     ->type_name("FILE");
    kinds->add_option("--credential", out.credential_file,
                      "A secret made now into FILE, for systemd-creds: opens the vault at start")
        ->type_name("FILE");
    auto* tpm = kinds->add_flag("--tpm", out.new_tpm,
                                "A secret that this machine's TPM keeps, for the present boot state");
    kinds->add_flag("--duress", out.duress,
                    "A passphrase that destroys the vault and opens an empty one");
    add_tpm_binding(*add, out, tpm);
    add->add_flag("--make", out.make, "Make the key file")->needs(file);
    auto* remove = slot->add_subcommand("remove", "Remove a slot");
    remove->add_option("SLOT", out.slot, "Number or label")->required();
    remove->add_flag("--rekey", out.rekey,
                     "Encrypt everything under a new key, so that old copies of the header are "
                     "worthless; then the vault locks");
    add_current_secret(*remove, out, "--with-");
    auto* rotate = slot->add_subcommand("rotate", "Give a slot another secret");
    rotate->add_option("SLOT", out.slot, "Number or label")->required();
    add_current_secret(*rotate, out, "--with-");
    add_force(*rotate, out);
    add_key_file(*rotate, out);
    rotate->add_option("--credential", out.credential_file, "Where to write a credential's new secret")
        ->type_name("FILE");
    add_tpm_binding(*rotate, out, nullptr);
    auto* test = slot->add_subcommand("test", "Say which slot a secret opens; nothing is changed");
    add_current_secret(*test, out, "--with-");
    auto* calibrate = slot->add_subcommand(
        "calibrate", "Measure again what a guess shall cost; needs the secret of every slot");
    calibrate->add_option("--target-ms", out.target_ms, "How long opening shall take")
        ->check(CLI::Range(50U, 10000U))
        ->type_name("N");
    add_passphrase_fd(*calibrate, out);
    calibrate->add_option("--key-file", out.key_file, "The key file's slot's file")->type_name("FILE");
    add_tpm_address(*calibrate, out);
}

void add_passphrase_commands(CLI::App& app, Arguments& out) {
    auto* passphrase = app.add_subcommand("passphrase", "Judge a passphrase, or change the vault's");
    passphrase->require_subcommand(1);
    add_passphrase_fd(*passphrase->add_subcommand("check", "Say how strong a passphrase is"), out);
    auto* change = passphrase->add_subcommand("change", "Another passphrase in place of the one shown");
    add_passphrase_fd(*change, out);
    add_force(*change, out);
}

void add_courier_commands(CLI::App& app, Arguments& out) {
    auto* courier = app.add_subcommand("courier", "The process that connects while the vault is locked");
    courier->require_subcommand(1);
    auto* credential = courier->add_subcommand(
        "credential", "Give out the courier's login for systemd-creds, so that it connects after a reboot");
    credential
        ->add_option("FILE", out.credential_file,
                     "A new file or a pipe that takes it; '-': standard output, if that is no terminal")
        ->required();
    add_current_secret(*credential, out, "--with-");
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
    add_force(*init, out);
    auto* unlock = app.add_subcommand("unlock", "Open the vault with its passphrase");
    add_current_secret(*unlock, out, "--");
    unlock->add_flag("--accept-older-header", out.accept_older_header,
                     "Open it although it is older than the one last opened here");
    unlock->add_flag("--wait", out.wait,
                     "Stay until what came meanwhile is taken in, and show how much is left");
    unlock->add_flag("--new-token", out.new_token,
                     "Get a new token for this command, when the old one is lost");
    app.add_subcommand("lock", "Lock the vault: the process that holds its keys ends");
    app.add_subcommand("panic", "Lock at once; destroys the vault's slots first if so configured");
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
    auto* search = app.add_subcommand("search", "Find messages by parts of their text, and people by name");
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

void add_service_commands(CLI::App& app) {
    auto* service = app.add_subcommand("service", "Set up the daemon as a service of systemd's");
    service->require_subcommand(1);
    service->add_subcommand("install", "Install, enable and start it");
    service->add_subcommand("uninstall", "Stop and disable it; no data is removed");
    service->add_subcommand("status", "Say how it is set up");
}

// Everything that may be said; `app` refers to `out`.
void declare(CLI::App& app, Arguments& out) {
    app.set_version_flag("--version", "nacre " + std::string{version()});
    app.set_help_flag("-h,--help", "Print this help and exit");
    app.add_option("--instance", out.places.instance, "Which daemon")
        ->type_name("NAME")
        ->capture_default_str();
    app.add_option("--socket", out.places.socket, "The daemon's API socket, instead of --instance")
        ->type_name("FILE");
    app.add_option("--token-file", out.places.token_file, "Where this client's token is")
        ->type_name("FILE");
    auto* user = app.add_flag("--user", out.user, "This user's own daemon (the default)");
    app.add_flag("--system", out.places.system, "The machine's daemon, in place of this user's")
        ->excludes(user);
    app.add_flag("--json", out.json, "One JSON object a line");
    app.footer(kExitCodeHelp);
    app.require_subcommand(1);
    app.fallthrough();
    add_vault_commands(app, out);
    add_slot_commands(app, out);
    add_passphrase_commands(app, out);
    add_courier_commands(app, out);
    add_reading_commands(app, out);
    add_writing_commands(app, out);
    add_service_commands(app);
    for (CLI::App* command : app.get_subcommands({})) {
        command->fallthrough();
        for (CLI::App* action : command->get_subcommands({})) action->fallthrough();
    }
}

OptionHelp describe(const CLI::Option& option) {
    OptionHelp out;
    for (const std::string& name : option.get_snames()) out.names.push_back("-" + name);
    for (const std::string& name : option.get_lnames()) out.names.push_back("--" + name);
    if (option.get_items_expected_max() > 0)
        out.value = out.names.empty() ? option.get_name(true) : option.get_type_name();
    // "N:INT in [1 - 5]"
    out.value = out.value.substr(0, out.value.find(':'));
    out.text = option.get_description();
    out.initial = option.get_default_str();
    out.required = option.get_required();
    return out;
}

CommandHelp describe(CLI::App& app) {
    CommandHelp out{app.get_name(), app.get_description(), {}, {}};
    for (const CLI::Option* option : app.get_options()) out.options.push_back(describe(*option));
    for (CLI::App* below : app.get_subcommands({})) {
        CommandHelp command = describe(*below);
        if (!below->get_name().empty()) {
            out.commands.push_back(std::move(command));
            continue;
        }
        // A group of options.
        for (OptionHelp& option : command.options) {
            if (option.names.empty() || option.names.back() != "--help")
                out.options.push_back(std::move(option));
        }
    }
    return out;
}

}  // namespace

CommandHelp describe() {
    CLI::App app{kPurpose, "nacre"};
    Arguments out;
    declare(app, out);
    return describe(app);
}

std::optional<ExitCode> parse_arguments(int argc, char** argv, Arguments& out) {
    CLI::App app{kPurpose, "nacre"};
    declare(app, out);
    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& done) {
        app.exit(done);
        return ExitCode::success;
    } catch (const CLI::ParseError& wrong) {
        app.exit(wrong);
        return ExitCode::user_error;
    }
    const CLI::App* const verb = app.get_subcommands().front();
    out.verb = verb->get_name();
    if (!verb->get_subcommands().empty()) out.action = verb->get_subcommands().front()->get_name();
    return std::nullopt;
}

}  // namespace nacre::cli
