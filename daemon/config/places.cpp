#include "daemon/config/places.h"

#include <algorithm>
#include <cstdlib>
#include <optional>

namespace nacre::config {
namespace {

namespace fs = std::filesystem;

struct About {
    const char* name;
    const char* purpose;
    const char* state_folder;  // below the instance's; null: it has none
    bool has_runtime;
    bool supervises;
};

About about(Program program) {
    switch (program) {
        case Program::nacred: return {"nacred", "runs the vault and its courier", "", true, true};
        case Program::vaultd:
            return {"nacre-vaultd", "the vault; nacred starts it", "vault", false, false};
        case Program::courier:
            return {"nacre-courier", "the internet; nacred starts it", "courier", false, false};
        case Program::sentry:
            return {"nacre-sentry", "sees when to lock; nacred starts it", nullptr, true, false};
    }
    std::abort();
}

std::string usage(const About& program) {
    std::string text = std::string{"usage: "} + program.name + " [OPTION…]\n" + program.name +
                       ": " + program.purpose +
                       ".\n\n"
                       "  --instance NAME  a-z, 0-9 and -, at most 32; default: default\n"
                       "  --config FILE    default: $XDG_CONFIG_HOME/nacre/<instance>.toml\n";
    if (program.state_folder != nullptr) {
        text += "  --state FOLDER   default: $XDG_STATE_HOME/nacre/<instance>";
        if (*program.state_folder != '\0') text += std::string{"/"} + program.state_folder;
        text += "\n";
    }
    if (program.has_runtime) {
        text += "  --runtime FOLDER of the sockets; default: $XDG_RUNTIME_DIR/nacre/<instance>\n";
    }
    if (program.supervises) {
        text +=
            "  --bin FOLDER     of the other programs; default: this program's\n";
    }
    return text + "  --help, --version\n";
}

// A folder from the environment; relative ones are ignored, as the XDG specification says.
std::optional<fs::path> xdg_folder(const char* variable, const char* below_home) {
    if (const char* value = std::getenv(variable); value != nullptr && *value == '/') return value;
    const char* home = std::getenv("HOME");
    if (below_home == nullptr || home == nullptr || *home != '/') return std::nullopt;
    return fs::path{home} / below_home;
}

// Where `--name value` and `--name=value` go. Null: not a flag of this program.
fs::path* place_of(std::string_view name, const About& program, Places& places) {
    if (name == "--config") return &places.config;
    if (program.state_folder != nullptr && name == "--state") return &places.state;
    if (program.has_runtime && name == "--runtime") return &places.runtime;
    if (program.supervises && name == "--bin") return &places.bin;
    return nullptr;
}

std::optional<Refused> read_flag(std::string_view flag, std::optional<std::string_view> value,
                                 const About& program, Places& places) {
    const std::string name{flag};
    fs::path* place = place_of(flag, program, places);
    if (place == nullptr && flag != "--instance") {
        return Refused{"unknown option '" + name + "'; see --help"};
    }
    if (!value || value->empty()) return Refused{"option " + name + " needs a value"};
    if (place != nullptr) {
        std::error_code error;
        *place = fs::absolute(fs::path{*value}, error);
        if (error) return Refused{"option " + name + ": the current folder is gone"};
        if (place == &places.config) places.config_given = true;
        return std::nullopt;
    }
    if (!valid_instance(*value)) {
        return Refused{"option --instance takes 1 to 32 of a-z, 0-9 and -, not '" +
                       std::string{*value} + "'"};
    }
    places.instance = *value;
    return std::nullopt;
}

std::optional<Refused> fill_defaults(const About& program, Places& places) {
    const auto fill = [](fs::path& place, const std::optional<fs::path>& folder,
                         const fs::path& below) {
        if (place.empty() && folder) place = (*folder / "nacre" / below).lexically_normal();
        return !place.empty();
    };
    if (!fill(places.config, xdg_folder("XDG_CONFIG_HOME", ".config"), places.instance + ".toml")) {
        return Refused{"neither XDG_CONFIG_HOME nor HOME is set; use --config"};
    }
    if (program.state_folder != nullptr) {
        fs::path state{places.instance};
        if (*program.state_folder != '\0') state /= program.state_folder;
        if (!fill(places.state, xdg_folder("XDG_STATE_HOME", ".local/state"), state)) {
            return Refused{"neither XDG_STATE_HOME nor HOME is set; use --state"};
        }
    }
    if (program.has_runtime &&
        !fill(places.runtime, xdg_folder("XDG_RUNTIME_DIR", nullptr), places.instance)) {
        return Refused{"XDG_RUNTIME_DIR is not set; use --runtime"};
    }
    return std::nullopt;
}

}  // namespace

std::variant<Places, Refused> places_from(Program program, int argc, char** argv) {
    const About who = about(program);
    const auto refused = [&](Refused why) {
        why.text = std::string{who.name} + ": " + why.text;
        return why;
    };
    Places places;
    for (int at = 1; at < argc; ++at) {
        std::string_view flag{argv[at]};
        if (flag == "--help") return Refused{usage(who), 0};
        if (flag == "--version") return Refused{std::string{who.name} + " " NACRE_VERSION "\n", 0};
        std::optional<std::string_view> value;
        if (const std::size_t equals = flag.find('='); equals != flag.npos) {
            value = flag.substr(equals + 1);
            flag = flag.substr(0, equals);
        } else if (at + 1 < argc) {
            value = argv[++at];
        }
        if (auto why = read_flag(flag, value, who, places)) return refused(std::move(*why));
    }
    if (auto why = fill_defaults(who, places)) return refused(std::move(*why));
    return places;
}

bool valid_instance(std::string_view name) {
    return !name.empty() && name.size() <= 32 && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    });
}

}  // namespace nacre::config
