// nacre service: sets up the daemon as a service. The work is a shell script's (systemd/nacre-service):
// it runs systemctl and writes files, and needs nothing of this program.
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>

#include "clients/cli/commands.h"

namespace nacre::cli {
namespace {

namespace fs = std::filesystem;

// Of <prefix>/bin/nacre in <prefix>/libexec/nacre; of a build beside it.
fs::path find_script() {
    std::error_code failed;
    const fs::path folder = fs::read_symlink("/proc/self/exe", failed).parent_path();
    fs::path installed = folder.parent_path() / "libexec/nacre/nacre-service";
    return fs::exists(installed, failed) ? installed : folder / "nacre-service";
}

}  // namespace

ExitCode cmd_service(Session& session) {
    const Arguments& arguments = session.arguments();
    const std::string script = find_script().string();
    const std::array words{std::string{script}, arguments.action,
                           std::string{arguments.places.system ? "--system" : "--user"},
                           arguments.places.instance};
    std::array<char*, words.size() + 1> argv{};
    for (std::size_t i = 0; i < words.size(); ++i) argv[i] = const_cast<char*>(words[i].c_str());
    execv(script.c_str(), argv.data());
    return session.fail(os_error("start", errno), script);
}

}  // namespace nacre::cli
