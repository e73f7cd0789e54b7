// nacred: starts, connects and restarts nacre-vaultd, nacre-courier and, where events shall lock the
// vault, nacre-sentry; holds their listening sockets and the courier's login. Parses nothing from
// outside but its own configuration.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "api/base/log.h"
#include "daemon/base/credential.h"
#include "daemon/base/executable.h"
#include "daemon/config/config.h"
#include "daemon/overwrite/progress.h"
#include "daemon/supervisor/confine.h"
#include "daemon/supervisor/instance.h"
#include "daemon/supervisor/supervisor.h"
#include "sandbox/limits.h"

namespace nacre::supervisor {
namespace {

constexpr int kFailed = 1;
constexpr char kSentry[] = "nacre-sentry";
constexpr char kOverwriter[] = "nacre-overwrite";

int refuse(const std::string& text) {
    std::fprintf(stderr, "nacred: %s\n", text.c_str());
    return kFailed;
}

int refuse(Literal what, const Error& error) {
    log::write(log::Level::error, what, error);
    return kFailed;
}

Program program(const config::Places& places, const char* name, const char* flag,
                const std::filesystem::path& folder) {
    return {(places.bin / name).string(),
            {"--instance", places.instance, "--config", places.config.string(), flag,
             folder.string()}};
}

// vaultd alone may look for credentials: its own opens the vault.
Program vault_program(const config::Places& places) {
    Program made = program(places, "nacre-vaultd", "--state", places.state / "vault");
    if (const char* folder = std::getenv(daemon::kCredentialsVariable))
        made.variables.push_back(std::string{daemon::kCredentialsVariable} + "=" + folder);
    return made;
}

// The courier gets a copy of its own. What is wrong with it is for the courier to say.
Result<daemon::Descriptor> login_credential() {
    const auto file = NACRE_TRY(daemon::open_credential(daemon::kLoginCredential));
    return daemon::seal_copy(file.get(), daemon::kMostLoginCredential + 1);
}

std::optional<Child> sentry(const config::Places& places, bool needed) {
    if (!needed) return std::nullopt;
    return Child{kSentry, Child::Kind::sentry,
                 program(places, kSentry, "--runtime", places.runtime), {}};
}

std::optional<Child> overwriter(const config::Places& places, std::uint32_t percent, int progress) {
    if (percent == 0) return std::nullopt;
    return Child{kOverwriter, Child::Kind::task,
                 {(places.bin / kOverwriter).string(), {std::to_string(percent)}},
                 {{overwrite::kProgressName, progress}}};
}

int supervise(const config::Places& places, const config::Config& config,
              const sandbox::PrivateMounts* without_buses) {
    const config::LockRules& lock_rules = config.lock;
    auto stop = daemon::StopSignal::open();
    if (!stop.ok()) return refuse("stop signal", stop.error());
    const auto lock = daemon::LockSignal::open();
    if (!lock.ok()) return refuse("lock signal", lock.error());
    daemon::ListenFds none = daemon::ListenFds::inherit();
    auto systemd = daemon::Supervision::inherit(none);
    if (!systemd.ok()) return refuse("NOTIFY_SOCKET", systemd.error());
    auto opened = Instance::open(places);
    if (const auto* error = std::get_if<StartError>(&opened)) return refuse(error->text);
    const Instance& instance = std::get<Instance>(opened);
    const auto progress = overwrite::make_progress();
    if (!progress.ok()) return refuse("progress", progress.error());
    const auto credential = login_credential();
    if (const auto confined = confine(places, config); !confined.ok())
        return refuse("sandbox", confined.error());
    Child vault{"nacre-vaultd", Child::Kind::vault,
                vault_program(places),
                {{"api", instance.api()},
                 {"secret", instance.secret()},
                 {"lock", instance.lock()},
                 {overwrite::kProgressName, progress->get()}}};
    std::vector<Inherited> for_courier;
    if (credential.ok())
        for_courier.push_back({daemon::kLoginCredentialFd, credential->get()});
    else if (credential.error().code != ErrorCode::not_found)
        log::write(log::Level::error, "login credential", credential.error());
    Program outside = program(places, "nacre-courier", "--state", places.state / "courier");
    outside.mounts = without_buses;
    Child courier{"nacre-courier", Child::Kind::courier, std::move(outside),
                  std::move(for_courier)};
    Supervisor supervisor{
        {std::move(vault), std::move(courier), sentry(places, lock_rules.need_sentry()),
         overwriter(places, lock_rules.overwrite_percent, progress->get()), progress->get()},
        {*stop, *lock},
        *systemd};
    const Result<void> ended = supervisor.run();
    return ended.ok() ? 0 : refuse("supervise", ended.error());
}

int run(config::Places places, const sandbox::PrivateMounts* without_buses) {
    if (places.config_given && access(places.config.c_str(), F_OK) != 0) {
        return refuse(places.config.string() + " does not exist");
    }
    // Read here so that a mistake is one line at the start, not a child that dies again and again.
    const config::Loaded loaded = config::load(places.config);
    if (const auto* error = std::get_if<config::ConfigError>(&loaded)) return refuse(error->text());
    const auto& config = std::get<config::Config>(loaded);
    log::open("nacred", config.log_level);
    if (places.bin.empty()) {
        const auto folder = daemon::executable_folder();
        if (!folder.ok()) return refuse("find programs", folder.error());
        places.bin = *folder;
    }
    std::vector<const char*> programs{"nacre-vaultd", "nacre-courier"};
    if (config.lock.need_sentry()) programs.push_back(kSentry);
    if (config.lock.overwrite_percent != 0) programs.push_back(kOverwriter);
    for (const char* name : programs) {
        const std::string path = (places.bin / name).string();
        if (access(path.c_str(), X_OK) != 0) return refuse(path + " cannot be executed; see --bin");
    }
    return supervise(places, config, without_buses);
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
    const auto without_buses = supervisor::hide_buses(std::get<config::Places>(places));
    // It holds the courier's login, and its limits are the children's.
    if (const auto hardened = sandbox::harden_process(sandbox::Process::nacred); !hardened.ok())
        return supervisor::refuse("hardening", hardened.error());
    return supervisor::run(std::get<config::Places>(std::move(places)),
                           without_buses ? &*without_buses : nullptr);
}
