// nacre-sentry: sees when the vault is to be locked, and says so. Listens to D-Bus and udev; can say
// nothing but "lock", holds no secret, and reads no file but the configuration.
#include <sys/epoll.h>
#include <unistd.h>

#include <cstdio>
#include <optional>

#include "api/base/log.h"
#include "daemon/base/stop_signal.h"
#include "daemon/base/supervision.h"
#include "daemon/config/config.h"
#include "daemon/config/places.h"
#include "daemon/config/users.h"
#include "daemon/sentry/logind.h"
#include "daemon/sentry/screen_saver.h"
#include "daemon/sentry/usb.h"
#include "sandbox/filter.h"
#include "sandbox/landlock.h"
#include "sandbox/limits.h"

namespace nacre::sentry {
namespace {

// A bus may come later than this process.
constexpr std::uint64_t kLookAgainUs = 15'000'000;

int refuse(Literal what, const Error& error) {
    log::write(log::Level::error, what, error);
    return 1;
}

// What tells of events; each that is wanted is opened as soon as it is there.
class Sources {
public:
    Sources(sd_event* event, const config::Config& config, const std::filesystem::path& socket)
        : event_{event}, config_{config}, request_{event, socket} {}

    // Opens what is missing, now and again.
    void open() {
        bool missing = false;
        const Logind::Triggers power{session_, sleep_, shutdown_, lid_};
        if (power.watched() && !logind_) {
            missing |= !take(Logind::open(event_, power, users()), logind_,
                             "no logind: session, sleep, shutdown and lid do not lock");
        }
        if (screen_saver_.watched() && !saver_) {
            missing |= !take(ScreenSaver::open(event_, screen_saver_), saver_,
                             "no session bus: the screen saver does not lock");
        }
        if (usb_.watched() && !udev_) {
            missing |= !take(Usb::open(event_, usb_, config_.lock.usb_device), udev_,
                             "no udev: the USB device does not lock");
        }
        told_ = true;
        if (missing) open_later();
    }

private:
    template <class Source>
    bool take(Result<std::unique_ptr<Source>> opened, std::unique_ptr<Source>& into, Literal what) {
        if (opened.ok()) {
            into = std::move(*opened);
            return true;
        }
        if (!told_) log::write(log::Level::warning, what, opened.error());
        return false;
    }

    // Whose sessions count: whoever may use the vault.
    std::vector<uid_t> users() const {
        std::vector<uid_t> made = config::members_of(config_.api.allowed_gids);
        made.insert(made.end(), config_.api.allowed_uids.begin(), config_.api.allowed_uids.end());
        made.push_back(geteuid());
        return made;
    }

    void open_later() {
        const auto again = [](sd_event_source*, std::uint64_t, void* self) {
            static_cast<Sources*>(self)->open();
            return 0;
        };
        sd_event_source* source = nullptr;
        (void)sd_event_add_time_relative(event_, &source, CLOCK_BOOTTIME, kLookAgainUs, 0, again,
                                         this);
        timer_.reset(source);
    }

    sd_event* const event_;
    const config::Config& config_;
    LockRequest request_;
    Trigger session_{event_, request_, "locking: the session is locked", config_.lock.session};
    Trigger screen_saver_{event_, request_, "locking: the screen saver is on",
                          config_.lock.screen_saver};
    Trigger sleep_{event_, request_, "locking: sleep", config_.lock.sleep};
    Trigger shutdown_{event_, request_, "locking: shutdown",
                      config_.lock.shutdown ? config::LockRules::Delay{0} : std::nullopt};
    Trigger lid_{event_, request_, "locking: the lid is closed", config_.lock.lid};
    Trigger usb_{event_, request_, "locking: the USB device is gone", config_.lock.usb};
    std::unique_ptr<Logind> logind_;
    std::unique_ptr<ScreenSaver> saver_;
    std::unique_ptr<Usb> udev_;
    EventSource timer_;
    bool told_ = false;
};

// Ends the loop when the descriptor is readable.
Result<EventSource> end_with(sd_event* event, int fd) {
    const auto end = [](sd_event_source* source, int, std::uint32_t, void*) {
        return sd_event_exit(sd_event_source_get_event(source), 0);
    };
    sd_event_source* source = nullptr;
    NACRE_TRY(checked("event", sd_event_add_io(event, &source, fd, EPOLLIN, end, nullptr)));
    return EventSource{source};
}

// Tells systemd that the loop lives, again and again.
class Pulse {
public:
    Pulse(sd_event* event, daemon::Supervision& supervision) : supervision_{supervision} {
        if (!supervision.watchdog()) return;
        const auto beat = [](sd_event_source* source, std::uint64_t, void* self) {
            static_cast<Pulse*>(self)->beat(source);
            return 0;
        };
        sd_event_source* source = nullptr;
        (void)sd_event_add_time_relative(event, &source, CLOCK_MONOTONIC, 0, 0, beat, this);
        timer_.reset(source);
    }

private:
    void beat(sd_event_source* source) {
        (void)supervision_.alive();
        using std::chrono::microseconds;
        const auto interval = std::chrono::duration_cast<microseconds>(*supervision_.watchdog());
        (void)sd_event_source_set_time_relative(source,
                                                static_cast<std::uint64_t>(interval.count()));
        (void)sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
    }

    daemon::Supervision& supervision_;
    EventSource timer_;
};

Result<int> watch(const config::Places& places, const config::Config& config) {
    auto listen_fds = daemon::ListenFds::inherit();
    auto supervision = NACRE_TRY(daemon::Supervision::inherit(listen_fds));
    const auto stop = NACRE_TRY(daemon::StopSignal::open());
    // Before the first word of a bus is read.
    NACRE_TRY(sandbox::restrict_access(sandbox::Process::sentry, {}));
    NACRE_TRY(sandbox::filter_calls(sandbox::Process::sentry));
    sd_event* raw = nullptr;
    NACRE_TRY(checked("event loop", sd_event_new(&raw)));
    const Event event{raw};
    const EventSource stopped = NACRE_TRY(end_with(raw, stop.fd()));
    // nacred says nothing here; that it ends is what there is to read.
    EventSource orphaned;
    if (supervision.control() >= 0) orphaned = NACRE_TRY(end_with(raw, supervision.control()));
    if (!config.lock.need_sentry()) log::write(log::Level::notice, "nothing to watch");
    Sources sources{raw, config, places.runtime / "lock.sock"};
    sources.open();
    NACRE_TRY(supervision.ready());
    (void)supervision.status(config.lock.need_sentry() ? Literal{"Watching for what locks"}
                                                       : Literal{"Nothing to watch for"});
    const Pulse pulse{raw, supervision};
    const int status = sd_event_loop(raw);
    NACRE_TRY(checked("event loop", status));
    return status;
}

}  // namespace
}  // namespace nacre::sentry

int main(int argc, char** argv) {
    using namespace nacre;
    log::open("nacre-sentry");
    const auto places = config::places_from(config::Program::sentry, argc, argv);
    if (const auto* refused = std::get_if<config::Refused>(&places)) {
        std::fprintf(refused->status == 0 ? stdout : stderr, "%s\n", refused->text.c_str());
        return refused->status;
    }
    if (const auto hardened = sandbox::harden_process(sandbox::Process::sentry); !hardened)
        return sentry::refuse("hardening", hardened.error());
    const auto loaded = config::load(std::get<config::Places>(places).config);
    if (const auto* wrong = std::get_if<config::ConfigError>(&loaded)) {
        std::fprintf(stderr, "nacre-sentry: %s\n", wrong->text().c_str());
        return 1;
    }
    const auto& config = std::get<config::Config>(loaded);
    log::open("nacre-sentry", config.log_level);
    const auto watched = sentry::watch(std::get<config::Places>(places), config);
    return watched ? *watched : sentry::refuse("watch", watched.error());
}
