// Writes the manual pages. make_manual PROSE_FOLDER EXAMPLE_TOML VERSION OUT_FOLDER
//
// A command's page is its prose (PROSE_FOLDER/<command>.txt) and, from the declarations that the
// command itself parses (clients/cli/help.h), its synopsis and options. Every command needs its prose. The
// daemons' pages are prose alone (<program>.8.txt); nacre.toml(5) is the example configuration.
//
// Prose: paragraphs between empty lines; "# HEADING"; lines that begin with "$ " or four spaces stand as
// they are; "WORD :: text" is an item.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include "clients/cli/exit_code.h"
#include "clients/cli/help.h"

namespace {

namespace fs = std::filesystem;
using nacre::cli::CommandHelp;
using nacre::cli::OptionHelp;

// Text that troff prints as it is.
std::string plain(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '\\') out += "\\e";
        else if (c == '-') out += "\\-";
        else if (c == '"') out += "\\(dq";
        else if ((c == '.' || c == '\'') && (out.empty() || out.back() == '\n')) out += std::string{"\\&"} + c;
        else out += c;
    }
    return out;
}

std::string upper(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](char c) { return static_cast<char>(std::toupper(static_cast<unsigned char>(c))); });
    return text;
}

std::string heading(const std::string& name, int section, const std::string& version,
                    const std::string& purpose) {
    std::string first = purpose;
    first[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(first[0])));
    return ".TH " + upper(name) + " " + std::to_string(section) + " \"\" \"nacre " + version +
           "\" \"nacre\"\n.SH NAME\n" + plain(name) + " \\- " + plain(first) + "\n";
}

// One file of prose as troff.
std::string formatted(const std::string& prose) {
    std::istringstream lines{prose};
    std::string out = ".PP\n";
    bool verbatim = false;
    for (std::string line; std::getline(lines, line);) {
        const bool shown = line.starts_with("$ ") || line.starts_with("    ");
        if (shown != verbatim) out += shown ? ".PP\n.RS\n.nf\n" : ".fi\n.RE\n";
        verbatim = shown;
        const std::size_t item = line.find(" :: ");
        if (line.starts_with("# ")) out += ".SH " + plain(line.substr(2)) + "\n";
        else if (shown) out += plain(line.starts_with("$ ") ? line : line.substr(4)) + "\n";
        else if (item != line.npos)
            out += ".TP\n.B " + plain(line.substr(0, item)) + "\n" + plain(line.substr(item + 4)) + "\n";
        else out += line.empty() ? ".PP\n" : plain(line) + "\n";
    }
    return out + (verbatim ? ".fi\n.RE\n" : "");
}

std::string synopsis(const std::string& name, const CommandHelp& command) {
    std::string out = ".B " + plain(name) + "\n";
    for (const OptionHelp& option : command.options) {
        if (option.names.empty() || option.names.back() == "--help") continue;
        out += "[\\fB" + plain(option.names.back()) + "\\fR";
        if (!option.value.empty()) out += " \\fI" + plain(option.value) + "\\fR";
        out += "]\n";
    }
    for (const OptionHelp& option : command.options) {
        if (!option.names.empty()) continue;
        const std::string place = "\\fI" + plain(option.value) + "\\fR";
        out += option.required ? place + "\n" : "[" + place + "]\n";
    }
    return out + ".br\n";
}

std::string items(const CommandHelp& command) {
    std::string out;
    for (const OptionHelp& option : command.options) {
        out += ".TP\n";
        std::string names;
        for (const std::string& name : option.names)
            names += (names.empty() ? "\\fB" : "\\fR, \\fB") + plain(name);
        if (!names.empty()) out += names + "\\fR";
        if (!option.value.empty())
            out += (names.empty() ? "\\fI" : " \\fI") + plain(option.value) + "\\fR";
        out += "\n" + plain(option.text) + ".";
        if (!option.initial.empty()) out += " Default: " + plain(option.initial) + ".";
        out += "\n";
    }
    return out;
}

std::string read(const fs::path& path) {
    std::ifstream file{path};
    if (!file) {
        std::fprintf(stderr, "make_manual: %s is missing\n", path.c_str());
        std::exit(1);
    }
    return {std::istreambuf_iterator<char>{file}, {}};
}

void write(const fs::path& path, const std::string& text) {
    std::ofstream file{path};
    file << text;
    if (!file.flush()) std::exit(1);
}

struct Manual {
    fs::path prose;
    std::string version;
    fs::path out;

    void command(const CommandHelp& command) const {
        const std::string name = "nacre " + command.name;
        const std::string page = "nacre-" + command.name;
        std::string text = heading(page, 1, version, command.text) + ".SH SYNOPSIS\n";
        if (command.commands.empty()) text += synopsis(name, command);
        for (const CommandHelp& action : command.commands)
            text += synopsis(name + " " + action.name, action);
        const std::string all = read(prose / (command.name + ".txt"));
        const std::size_t rest = std::min(all.find("\n# "), all.size());
        text += ".SH DESCRIPTION\n" + formatted(all.substr(0, rest));
        if (command.commands.empty()) text += ".SH OPTIONS\n" + items(command);
        for (const CommandHelp& action : command.commands) {
            text += ".SH " + upper(action.name) + "\n" + plain(action.text) + ".\n" + items(action);
        }
        text += ".PP\nThe options of \\fBnacre\\fR(1) may stand here, too.\n";
        text += formatted(all.substr(rest)) + ".SH EXIT STATUS\nSee \\fBnacre\\fR(1).\n.SH SEE ALSO\n.BR nacre (1)\n";
        write(out / (page + ".1"), text);
    }

    void program(const CommandHelp& program) const {
        std::string text = heading("nacre", 1, version, "read and write the messages of a nacre vault") +
                           ".SH SYNOPSIS\n.B nacre\n[\\fIOPTION\\fR]... \\fICOMMAND\\fR "
                           "[\\fIARGUMENT\\fR]...\n.SH DESCRIPTION\n" +
                           formatted(read(prose / "nacre.txt")) + ".SH COMMANDS\n";
        for (const CommandHelp& command : program.commands)
            text += ".TP\n.BR nacre\\-" + plain(command.name) + " (1)\n" + plain(command.text) + ".\n";
        text += ".SH OPTIONS\n" + items(program) + ".SH EXIT STATUS\n";
        std::istringstream codes{nacre::cli::kExitCodeHelp};
        std::string line;
        std::getline(codes, line);  // "Exit codes:"
        while (std::getline(codes, line))
            text += ".TP\n.B " + line.substr(2, 1) + "\n" + plain(line.substr(5)) + "\n";
        text += formatted(read(prose / "nacre.end.txt"));
        write(out / "nacre.1", text);
    }

    // "<name>.8.txt": its first line is what it is.
    void daemon(const fs::path& file) const {
        const std::string name = file.stem().stem().string();
        std::string text = read(file);
        const std::size_t line = text.find('\n');
        write(out / (name + ".8"),
              heading(name, 8, version, text.substr(0, line)) + formatted(text.substr(line + 1)));
    }

    // Sections become headings, keys items, comments their text.
    void configuration(const fs::path& example) const {
        std::istringstream lines{read(example)};
        std::string text = heading("nacre.toml", 5, version, "the daemon's configuration");
        text += ".SH DESCRIPTION\n";
        std::string comment;
        const auto told = [&] { return std::exchange(comment, {}); };
        for (std::string line; std::getline(lines, line);) {
            const bool key = line.find(" = ") != line.npos && !line.starts_with("# ");
            if (line.starts_with("[")) text += told() + ".SH " + plain(line) + "\n";
            else if (key)
                text += ".TP\n.B " + plain(line.substr(line.starts_with("#") ? 1 : 0)) + "\n" + told();
            else if (line.size() > 2) comment += plain(line.substr(2)) + "\n";
            else if (line.empty() && text.ends_with("DESCRIPTION\n")) text += told();
            else if (line == "#" && !comment.empty()) text += ".PP\n" + told();
        }
        write(out / "nacre.toml.5", text + told() + ".SH SEE ALSO\n.BR nacred (8)\n");
    }
};

}  // namespace

int main(int argc, char** argv) {
    if (argc != 5) return 2;
    const Manual manual{argv[1], argv[3], argv[4]};
    fs::create_directories(manual.out);
    const CommandHelp program = nacre::cli::describe();
    manual.program(program);
    for (const CommandHelp& command : program.commands) manual.command(command);
    for (const fs::directory_entry& entry : fs::directory_iterator{manual.prose}) {
        if (entry.path().string().ends_with(".8.txt")) manual.daemon(entry.path());
    }
    manual.configuration(argv[2]);
    return 0;
}
