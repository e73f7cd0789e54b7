// Logind: session lock, sleep, shutdown and lid, from systemd-logind on the system bus.
//
// Layer:   daemon/sentry.
// Errors:  open(): as os_error says, when there is no bus or no logind. Later, the bus's end ends the
//          process, which is started again.
// Threads: one.
#pragma once

#include <sys/types.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "daemon/base/descriptor.h"
#include "daemon/sentry/handles.h"
#include "daemon/sentry/trigger.h"

namespace nacre::sentry {

class Logind {
public:
    struct Triggers {
        Trigger& session;
        Trigger& sleep;
        Trigger& shutdown;
        Trigger& lid;
        bool watched() const {
            return session.watched() || sleep.watched() || shutdown.watched() || lid.watched();
        }
    };

    // `users`: whose sessions count.
    static Result<std::unique_ptr<Logind>> open(sd_event* event, Triggers triggers,
                                                std::vector<uid_t> users);
    Logind(const Logind&) = delete;

private:
    Logind(sd_event* event, Triggers triggers, std::vector<uid_t> users)
        : event_{event}, triggers_{triggers}, users_{std::move(users)} {}

    using Handler = void (Logind::*)(sd_bus_message*);
    template <Handler handler>
    Result<void> on(const char* match);

    Result<void> watch_sessions();
    Result<void> watch_power();
    Result<void> watch_lid();

    void session_lock(sd_bus_message* message);
    void session_unlock(sd_bus_message* message);
    void session_removed(sd_bus_message* message);
    void session_changed(sd_bus_message* message);
    void manager_changed(sd_bus_message* message);
    void prepare_for_sleep(sd_bus_message* message);
    void prepare_for_shutdown(sd_bus_message* message);

    // The session's id, if it is one that counts.
    std::string session_of(sd_bus_message* message) const;
    bool counts(const std::string& session) const;
    void set_locked(const std::string& session, bool locked);
    void look_at_lid();
    void set_lid(bool closed);
    void poll_lid();
    // Holds sleep and shutdown back, as far as they lock at once.
    void inhibit();
    void inhibit(const char* what, daemon::Descriptor& inhibitor);

    sd_event* const event_;
    const Triggers triggers_;
    const std::vector<uid_t> users_;
    Bus bus_;
    daemon::Descriptor sleep_inhibitor_;
    daemon::Descriptor shutdown_inhibitor_;
    std::set<std::string> locked_;  // sessions
    bool lid_closed_ = false;
    EventSource lid_timer_;
};

}  // namespace nacre::sentry
