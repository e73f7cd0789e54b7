#include "daemon/sentry/logind.h"

#include <fcntl.h>
#include <systemd/sd-login.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <string_view>

#include "api/base/log.h"

namespace nacre::sentry {
namespace {

constexpr char kService[] = "org.freedesktop.login1";
constexpr char kObject[] = "/org/freedesktop/login1";
constexpr char kSessions[] = "/org/freedesktop/login1/session";
constexpr char kManager[] = "org.freedesktop.login1.Manager";
constexpr char kSession[] = "org.freedesktop.login1.Session";

#define NACRE_FROM_LOGIND "type='signal',sender='org.freedesktop.login1',"

// logind tells of the lid by a signal from version 256 on; before, its property has to be read.
constexpr std::uint64_t kLidPollUs = 2'000'000;
// How long an answer may take.
constexpr std::uint64_t kPatienceUs = 5'000'000;

Result<bool> read_bool(sd_bus* bus, const char* path, const char* interface, const char* name) {
    int value = 0;
    NACRE_TRY(checked("logind's property",
                      sd_bus_get_property_trivial(bus, kService, path, interface, name, nullptr,
                                                  'b', &value)));
    return value != 0;
}

// Of a PropertiesChanged for `interface`: the boolean of this name, if it is among the changed.
std::optional<bool> changed_bool(sd_bus_message* message, std::string_view interface,
                                 std::string_view name) {
    const char* text = nullptr;
    if (sd_bus_message_read(message, "s", &text) < 0 || text != interface) return std::nullopt;
    std::optional<bool> found;
    if (sd_bus_message_enter_container(message, 'a', "{sv}") < 0) return std::nullopt;
    while (sd_bus_message_enter_container(message, 'e', "sv") > 0) {
        int value = 0;
        if (sd_bus_message_read(message, "s", &text) < 0) return std::nullopt;
        if (text == name) {
            if (sd_bus_message_read(message, "v", "b", &value) < 0) return std::nullopt;
            found = value != 0;
        } else if (sd_bus_message_skip(message, "v") < 0) {
            return std::nullopt;
        }
        if (sd_bus_message_exit_container(message) < 0) return std::nullopt;
    }
    return found;
}

std::vector<std::string> session_ids() {
    char** listed = nullptr;
    std::vector<std::string> made;
    if (sd_get_sessions(&listed) < 0) return made;
    for (char** item = listed; item != nullptr && *item != nullptr; ++item) {
        made.emplace_back(*item);
        std::free(*item);
    }
    std::free(listed);
    return made;
}

std::string path_of(const std::string& session) {
    char* path = nullptr;
    if (sd_bus_path_encode(kSessions, session.c_str(), &path) < 0) return {};
    std::string made{path};
    std::free(path);
    return made;
}

bool begins(sd_bus_message* message) {
    int value = 0;
    return sd_bus_message_read(message, "b", &value) >= 0 && value != 0;
}

}  // namespace

Result<std::unique_ptr<Logind>> Logind::open(sd_event* event, Triggers triggers,
                                             std::vector<uid_t> users) {
    std::unique_ptr<Logind> made{new Logind{event, triggers, std::move(users)}};
    sd_bus* bus = nullptr;
    NACRE_TRY(checked("system bus", sd_bus_open_system(&bus)));
    made->bus_.reset(bus);
    (void)sd_bus_set_method_call_timeout(bus, kPatienceUs);
    NACRE_TRY(checked("system bus", sd_bus_attach_event(bus, event, SD_EVENT_PRIORITY_NORMAL)));
    // A bus without logind tells of nothing.
    NACRE_TRY(read_bool(bus, kObject, kManager, "PreparingForShutdown"));
    if (triggers.session.watched()) NACRE_TRY(made->watch_sessions());
    if (triggers.sleep.watched() || triggers.shutdown.watched()) NACRE_TRY(made->watch_power());
    if (triggers.lid.watched()) NACRE_TRY(made->watch_lid());
    // From here on: before, a bus without logind is no reason to end.
    (void)sd_bus_set_exit_on_disconnect(bus, 1);
    return made;
}

template <Logind::Handler handler>
Result<void> Logind::on(const char* match) {
    const auto call = [](sd_bus_message* message, void* self, sd_bus_error*) {
        (static_cast<Logind*>(self)->*handler)(message);
        return 0;
    };
    return checked("match", sd_bus_add_match(bus_.get(), nullptr, match, call, this));
}

Result<void> Logind::watch_sessions() {
    NACRE_TRY(on<&Logind::session_lock>(
        NACRE_FROM_LOGIND "interface='org.freedesktop.login1.Session',member='Lock'"));
    NACRE_TRY(on<&Logind::session_unlock>(
        NACRE_FROM_LOGIND "interface='org.freedesktop.login1.Session',member='Unlock'"));
    NACRE_TRY(on<&Logind::session_removed>(
        NACRE_FROM_LOGIND "interface='org.freedesktop.login1.Manager',member='SessionRemoved'"));
    NACRE_TRY(on<&Logind::session_changed>(
        NACRE_FROM_LOGIND "interface='org.freedesktop.DBus.Properties',member='PropertiesChanged',"
                          "path_namespace='/org/freedesktop/login1/session'"));
    // What became so before this process was here.
    for (const std::string& session : session_ids()) {
        if (!counts(session)) continue;
        const auto locked = read_bool(bus_.get(), path_of(session).c_str(), kSession, "LockedHint");
        if (locked && *locked) set_locked(session, true);
    }
    return {};
}

Result<void> Logind::watch_power() {
    NACRE_TRY(on<&Logind::prepare_for_sleep>(
        NACRE_FROM_LOGIND "interface='org.freedesktop.login1.Manager',member='PrepareForSleep'"));
    NACRE_TRY(on<&Logind::prepare_for_shutdown>(
        NACRE_FROM_LOGIND
        "interface='org.freedesktop.login1.Manager',member='PrepareForShutdown'"));
    inhibit();
    return {};
}

Result<void> Logind::watch_lid() {
    NACRE_TRY(on<&Logind::manager_changed>(
        NACRE_FROM_LOGIND "interface='org.freedesktop.DBus.Properties',member='PropertiesChanged',"
                          "path='/org/freedesktop/login1'"));
    NACRE_TRY(read_bool(bus_.get(), kObject, kManager, "LidClosed"));
    look_at_lid();
    poll_lid();
    return {};
}

bool Logind::counts(const std::string& session) const {
    uid_t uid = 0;
    return sd_session_get_uid(session.c_str(), &uid) >= 0 &&
           std::find(users_.begin(), users_.end(), uid) != users_.end();
}

std::string Logind::session_of(sd_bus_message* message) const {
    char* id = nullptr;
    if (sd_bus_path_decode(sd_bus_message_get_path(message), kSessions, &id) <= 0) return {};
    std::string made{id};
    std::free(id);
    return counts(made) ? made : std::string{};
}

// With several sessions, one that is locked is enough.
void Logind::set_locked(const std::string& session, bool locked) {
    if (session.empty()) return;
    if (locked) {
        locked_.insert(session);
        return triggers_.session.begin();
    }
    if (locked_.erase(session) != 0 && locked_.empty()) triggers_.session.end();
}

void Logind::session_lock(sd_bus_message* message) { set_locked(session_of(message), true); }

void Logind::session_unlock(sd_bus_message* message) { set_locked(session_of(message), false); }

// Whoever leaves a locked session has not unlocked it.
void Logind::session_removed(sd_bus_message* message) {
    const char* id = nullptr;
    if (sd_bus_message_read(message, "s", &id) >= 0) locked_.erase(id);
}

void Logind::session_changed(sd_bus_message* message) {
    const auto locked = changed_bool(message, kSession, "LockedHint");
    if (locked) set_locked(session_of(message), *locked);
}

void Logind::prepare_for_sleep(sd_bus_message* message) {
    if (begins(message)) return triggers_.sleep.begin([this] { sleep_inhibitor_.reset(); });
    triggers_.sleep.end();
    inhibit();
}

void Logind::prepare_for_shutdown(sd_bus_message* message) {
    if (begins(message)) return triggers_.shutdown.begin([this] { shutdown_inhibitor_.reset(); });
    inhibit();
}

void Logind::inhibit() {
    // One each: for both together logind asks polkit about something else, which only a person at
    // the seat may do.
    if (triggers_.sleep.at_once()) inhibit("sleep", sleep_inhibitor_);
    if (triggers_.shutdown.watched()) inhibit("shutdown", shutdown_inhibitor_);
}

void Logind::inhibit(const char* what, daemon::Descriptor& inhibitor) {
    if (inhibitor) return;
    sd_bus_message* raw = nullptr;
    const int called = sd_bus_call_method(bus_.get(), kService, kObject, kManager, "Inhibit",
                                          nullptr, &raw, "ssss", what, "nacre",
                                          "the vault is locked first", "delay");
    const Message reply{raw};
    int fd = -1;
    if (called >= 0 && sd_bus_message_read(reply.get(), "h", &fd) >= 0) {
        inhibitor = daemon::Descriptor{fcntl(fd, F_DUPFD_CLOEXEC, 3)};
    }
    if (inhibitor) return;
    log::write(log::Level::warning, "no inhibitor: sleep or shutdown does not wait for the lock",
               os_error("Inhibit", called < 0 ? -called : EBADMSG));
}

void Logind::manager_changed(sd_bus_message* message) {
    const auto closed = changed_bool(message, kManager, "LidClosed");
    if (closed) set_lid(*closed);
}

void Logind::look_at_lid() {
    const auto closed = read_bool(bus_.get(), kObject, kManager, "LidClosed");
    if (closed) set_lid(*closed);
}

void Logind::set_lid(bool closed) {
    if (closed == lid_closed_) return;
    lid_closed_ = closed;
    if (lid_closed_) {
        triggers_.lid.begin();
    } else {
        triggers_.lid.end();
    }
}

void Logind::poll_lid() {
    const auto again = [](sd_event_source*, std::uint64_t, void* data) {
        auto* self = static_cast<Logind*>(data);
        self->look_at_lid();
        self->poll_lid();
        return 0;
    };
    sd_event_source* source = nullptr;
    (void)sd_event_add_time_relative(event_, &source, CLOCK_BOOTTIME, kLidPollUs, 0, again, this);
    lid_timer_.reset(source);
}

}  // namespace nacre::sentry
