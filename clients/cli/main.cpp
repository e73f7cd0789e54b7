// nacre: the command line.
#include <algorithm>
#include <clocale>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <optional>
#include <string_view>
#include <vector>

#include "clients/cli/arguments.h"
#include "clients/cli/commands.h"
#include "clients/cli/completion.h"
#include "clients/cli/confine.h"
#include "clients/cli/session.h"
#include "sandbox/limits.h"
#include "sandbox/wipe.h"

namespace {

using nacre::cli::ExitCode;

// What the shells' completion scripts call; not for people.
constexpr std::string_view kComplete = "__complete";

// The wiper is the first thread, and restricted like all to come.
nacre::Result<void> confine(const nacre::cli::Arguments& arguments,
                            const nacre::Result<nacre::client::Places>& found) {
    NACRE_TRY(nacre::cli::restrict_paths(arguments, found));
    NACRE_TRY(nacre::sandbox::start_wiper());
    return nacre::cli::filter_calls();
}

// A shell waits: nothing is said of what fails.
ExitCode run_completion(int argc, char** argv) {
    // Which places it may read, the words say.
    const auto look_up = [](const std::string& what, const nacre::client::PlaceOptions& options) {
        const auto found = nacre::client::find_places(options);
        if (!found.ok() || !confine({}, found).ok()) return std::vector<nacre::cli::Candidate>{};
        return nacre::cli::look_up(what, *found);
    };
    const std::vector<std::string> words(argv + 2, argv + argc);
    const std::string text = nacre::cli::complete(nacre::cli::describe(), words, look_up).text();
    std::fwrite(text.data(), 1, text.size(), stdout);
    return ExitCode::success;
}

ExitCode run(int argc, char** argv) {
    if (argc > 1 && argv[1] == kComplete) return run_completion(argc, argv);
    nacre::cli::Arguments arguments;
    if (const auto done = nacre::cli::parse_arguments(argc, argv, arguments)) return *done;
    nacre::cli::Session session{arguments};
    if (arguments.meets_tpm()) session.start_slot_program();
    if (const auto confined = confine(arguments, session.found()); !confined.ok())
        return session.fail(confined.error(), "The sandbox");
    if (arguments.needs_daemon()) {
        if (const auto failed = session.connect()) return *failed;
    }
    for (const nacre::cli::Command& command : nacre::cli::kCommands) {
        if (command.verb != arguments.verb) continue;
        const ExitCode code = command.run(session);
        if (nacre::cli::Output::close() || code != ExitCode::success) return code;
        return session.fail(nacre::ErrorCode::io_failed, "Standard output did not take everything.");
    }
    return session.fail(nacre::ErrorCode::internal);
}

// `nacre service` becomes a script, which root runs: it needs the rights that this command gives up.
// Nothing unless that is what was asked for.
std::optional<ExitCode> run_service(int argc, char** argv) {
    const auto words = argv + argc;
    if (std::find(argv, words, std::string_view{"service"}) == words) return std::nullopt;
    nacre::cli::Arguments arguments;
    if (const auto done = nacre::cli::parse_arguments(argc, argv, arguments)) return done;
    if (arguments.verb != "service") return std::nullopt;
    nacre::cli::Session session{arguments};
    return nacre::cli::cmd_service(session);
}

// As a shell counts the death by a signal.
void end_by_signal(int signal) { nacre::sandbox::wipe_and_exit(128 + signal); }

}  // namespace

int main(int argc, char** argv) {
    // Widths of characters; numbers and sorting stay as in C.
    std::setlocale(LC_CTYPE, "C.UTF-8");
    tzset();
    if (argc > 1 && argv[1] != kComplete) {
        if (const auto code = run_service(argc, argv)) return static_cast<int>(*code);
    }
    // Undumpable, without core files, and wiped at the end: passphrases and messages pass through.
    if (!nacre::sandbox::open_for_wipe().ok() ||
        !nacre::sandbox::harden_process(nacre::sandbox::Process::command).ok())
        return static_cast<int>(ExitCode::unexpected);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) std::signal(signal, end_by_signal);
    const ExitCode code = run(argc, argv);
    std::fflush(nullptr);
    nacre::sandbox::wipe_and_exit(static_cast<int>(code));
}
