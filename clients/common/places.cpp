#include "clients/common/places.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace nacre::client {
namespace {

namespace fs = std::filesystem;

bool is_instance_name(std::string_view name) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_' || c == '.';
    };
    return !name.empty() && name.size() <= 64 && name.front() != '.' &&
           std::all_of(name.begin(), name.end(), allowed);
}

// The XDG specification ignores relative paths.
fs::path folder_of(const char* variable) {
    const char* value = std::getenv(variable);  // NOLINT(concurrency-mt-unsafe): before threads
    if (value == nullptr || value[0] != '/') return {};
    return value;
}

fs::path runtime_folder() {
    if (fs::path folder = folder_of("XDG_RUNTIME_DIR"); !folder.empty()) return folder;
    return "/run/user/" + std::to_string(geteuid());
}

// As systemd/ has it for the machine's daemons.
fs::path sockets_folder(const PlaceOptions& options) {
    if (!options.system) return runtime_folder() / "nacre" / options.instance;
    return options.instance == "default" ? fs::path{"/run/nacre"}
                                         : fs::path{"/run/nacre@" + options.instance};
}

fs::path state_folder() {
    if (fs::path folder = folder_of("XDG_STATE_HOME"); !folder.empty()) return folder;
    if (fs::path home = folder_of("HOME"); !home.empty()) return home / ".local/state";
    const passwd* entry = getpwuid(geteuid());  // NOLINT(concurrency-mt-unsafe): before threads
    if (entry == nullptr || entry->pw_dir == nullptr) return {};
    return fs::path{entry->pw_dir} / ".local/state";
}

}  // namespace

Result<Places> find_places(const PlaceOptions& options) {
    if (!is_instance_name(options.instance)) {
        return Error{ErrorCode::invalid_argument, "instance name"};
    }
    Places places;
    places.api_socket = options.socket.empty() ? sockets_folder(options) / "api.sock"
                                               : fs::path{options.socket};
    places.secret_socket = places.api_socket.parent_path() / "secret.sock";
    if (!options.token_file.empty()) {
        places.token_file = options.token_file;
        return places;
    }
    const fs::path state = state_folder();
    if (state.empty()) return Error{ErrorCode::not_found, "no home folder"};
    places.token_file =
        state / "nacre" / options.instance / (options.system ? "system.token" : "cli.token");
    return places;
}

}  // namespace nacre::client
