// nacred: starts, connects and restarts nacre-vaultd and nacre-courier; holds their listening
// sockets and the courier's login. Parses nothing from outside but its own configuration.
#include <unistd.h>

#include <cstdio>

#include "api/base/log.h"
#include "daemon/base/executable.h"
#include "daemon/config/config.h"
#include "daemon/supervisor/instance.h"
#include "daemon/supervisor/supervisor.h"
#include "sandbox/limits.h"

namespace nacre::supervisor {
namespace {

constexpr int kFailed = 1;

int refuse(const std::string& text) {
    std::fprintf(stderr, "nacred: %s\n", text.c_str());
    return kFailed;
}

int refuse(Literal what, const Error& error) {
    log::write(log::Level::error, what, error);
    return kFailed;
}

Program program(const config::Places& places, const char* name, const char* state) {
    return {(places.bin / name).string(),
            {"--instance", places.instance, "--config", places.config.string(), "--state",
             (places.state / state).string()}};
}

int supervise(const config::Places& places) {
    auto stop = daemon::StopSignal::open();
    if (!stop.ok()) return refuse("stop signal", stop.error());
    daemon::ListenFds none = daemon::ListenFds::inherit();
    auto systemd = daemon::Supervision::inherit(none);
    if (!systemd.ok()) return refuse("NOTIFY_SOCKET", systemd.error());
    auto opened = Instance::open(places);
    if (const auto* error = std::get_if<StartError>(&opened)) return refuse(error->text);
    const Instance& instance = std::get<Instance>(opened);
    Child vault{"nacre-vaultd",
                program(places, "nacre-vaultd", "vault"),
                {{"api", instance.api()}, {"secret", instance.secret()}},
                false};
    Child courier{"nacre-courier", program(places, "nacre-courier", "courier"), {}, true};
    Supervisor supervisor{std::move(vault), std::move(courier), *stop, *systemd};
    const Result<void> ended = supervisor.run();
    return ended.ok() ? 0 : refuse("supervise", ended.error());
}

int run(config::Places places) {
    if (places.config_given && access(places.config.c_str(), F_OK) != 0) {
        return refuse(places.config.string() + " does not exist");
    }
    // Read here so that a mistake is one line at the start, not a child that dies again and again.
    const config::Loaded loaded = config::load(places.config);
    if (const auto* error = std::get_if<config::ConfigError>(&loaded)) return refuse(error->text());
    log::open("nacred", std::get<config::Config>(loaded).log_level);
    if (places.bin.empty()) {
        const auto folder = daemon::executable_folder();
        if (!folder.ok()) return refuse("find programs", folder.error());
        places.bin = *folder;
    }
    for (const char* name : {"nacre-vaultd", "nacre-courier"}) {
        const std::string path = (places.bin / name).string();
        if (access(path.c_str(), X_OK) != 0) return refuse(path + " cannot be executed; see --bin");
    }
    return supervise(places);
}

}  // namespace
}  // namespace nacre::supervisor

int main(int argc, char** argv) {
    using namespace nacre;
    log::open("nacred");
    auto places = config::places_from(config::Program::nacred, argc, argv);
    if (const auto* refused = std::get_if<config::Refused>(&places)) {
        std::fprintf(refused->status == 0 ? stdout : stderr, "%s\n", refused->text.c_str());
        return refused->status;
    }
    // It holds the courier's login, and its limits are the children's.
    if (const auto hardened = sandbox::harden_process(); !hardened.ok())
        return supervisor::refuse("hardening", hardened.error());
    return supervisor::run(std::get<config::Places>(std::move(places)));
}
