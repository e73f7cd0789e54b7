// nacre-courier: the one process with the internet. It keeps the connections to Signal, and what
// the server delivers, sealed, until the vault has it. It cannot read any of it.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "api/base/log.h"
#include "daemon/base/credential.h"
#include "daemon/base/link_source.h"
#include "daemon/base/stop_signal.h"
#include "daemon/config/places.h"
#include "daemon/courier/confine.h"
#include "daemon/courier/courier.h"
#include "daemon/courier/link_connector.h"
#include "daemon/courier/name_files.h"
#include "daemon/courier/outward.h"
#include "sandbox/limits.h"

namespace nacre::courier {
namespace {

int refuse(Literal what, const Error& error) {
    log::write(log::Level::error, what, error);
    return 1;
}

// Before Supervision, which takes it out of the environment.
std::vector<std::string> unix_paths(const config::Config& config) {
    std::vector<std::string> paths{config.courier.link_socket.string()};
    if (const char* notify = std::getenv("NOTIFY_SOCKET")) paths.emplace_back(notify);
    return paths;
}

// From nacred, or from systemd.
Result<DeviceLogin> credential(daemon::ListenFds& listen_fds) {
    daemon::Descriptor file = listen_fds.take(daemon::kLoginCredentialFd);
    if (!file) file = NACRE_TRY(daemon::open_credential(daemon::kLoginCredential));
    return read_login_credential(file.get());
}

// Until nacred or systemd says to end.
int take_links(daemon::LinkSource& links, int stop_fd, Courier& courier,
               const std::function<void()>& lost) {
    for (;;) {
        auto link = links.next(stop_fd);
        if (!link.ok())
            return link.error().code == ErrorCode::canceled ? 0 : refuse("link", link.error());
        const auto accepted = courier.accept(std::move(link).value());
        if (accepted.ok()) continue;
        log::write(log::Level::warning, "link to the vault", accepted.error());
        lost();
    }
}

// When the sandbox has outlived the files that names are resolved with: whoever started this starts it
// again, with the kept login, and the new one may read what is there now.
void end_when_replaced() {
    egress::before_names([files = NameFiles{}, said = std::make_shared<std::atomic_flag>()] {
        if (!files.out_of_reach() || said->test_and_set()) return;
        log::write(log::Level::notice, "resolv.conf or hosts was replaced: starting anew to read it");
        daemon::StopSignal::raise();
    });
}

int serve(const config::Places& places, const config::Config& config) {
    const egress::AllowList allowed = allow_list(config, unix_paths(config));
    const auto opened = egress::allow(allowed);
    if (!opened.ok()) return refuse("egress", opened.error());
    auto listen_fds = daemon::ListenFds::inherit();
    auto supervision = daemon::Supervision::inherit(listen_fds);
    if (!supervision.ok()) return refuse("supervision", supervision.error());
    const auto stop = daemon::StopSignal::open();
    if (!stop.ok()) return refuse("signals", stop.error());

    std::unique_ptr<daemon::LinkSource> links;
    std::function<void()> lost;
    Courier::Options options;
    options.state = places.state;
    options.addon = signal::default_addon_path();
    options.credential = credential(listen_fds);
    if (supervision->control() >= 0) {
        lost = [&] { (void)supervision->want_link(); };
        links = std::make_unique<daemon::ControlLinkSource>(supervision->control());
    } else {
        auto connecting = LinkConnector::open(config.courier.link_socket);
        if (!connecting.ok()) return refuse("link", connecting.error());
        lost = [connector = connecting->get()] { connector->lost(); };
        links = std::move(connecting).value();
    }
    options.link_lost = lost;
    end_when_replaced();
    // Every descriptor of its own is open; nothing has been received, and there are no threads.
    const auto confined = confine(places, {allowed, supervision->control() >= 0});
    if (!confined.ok()) return refuse("sandbox", confined.error());
    options.confined = *confined;
    const auto courier =
        Courier::start(config, std::move(options), *supervision, listen_fds.take("login"));
    if (!courier.ok()) return refuse("start", courier.error());
    if (const auto ready = supervision->ready(); !ready.ok()) return refuse("ready", ready.error());
    return take_links(*links, stop->fd(), **courier, lost);
}

}  // namespace
}  // namespace nacre::courier

int main(int argc, char** argv) {
    using namespace nacre;
    log::open("nacre-courier");
    const auto places = config::places_from(config::Program::courier, argc, argv);
    if (const auto* refused = std::get_if<config::Refused>(&places)) {
        std::fprintf(refused->status == 0 ? stdout : stderr, "%s\n", refused->text.c_str());
        return refused->status;
    }
    if (const auto hardened = sandbox::harden_process(sandbox::Process::courier); !hardened.ok())
        return courier::refuse("hardening", hardened.error());
    const auto loaded = config::load(std::get<config::Places>(places).config);
    if (const auto* wrong = std::get_if<config::ConfigError>(&loaded)) {
        std::fprintf(stderr, "nacre-courier: %s\n", wrong->text().c_str());
        return 1;
    }
    const auto& config = std::get<config::Config>(loaded);
    log::open("nacre-courier", config.log_level);
    log::silence_others();
    return courier::serve(std::get<config::Places>(places), config);
}
