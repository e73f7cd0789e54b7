#include "daemon/sentry/screen_saver.h"

namespace nacre::sentry {
namespace {

constexpr std::uint64_t kPatienceUs = 2'000'000;

struct Service {
    const char* name;  // of the bus name and of the interface
    const char* path;
    const char* match;
};

// The specification's, and GNOME's, which has its own instead. Any path: they differ.
constexpr Service kServices[] = {
    {"org.freedesktop.ScreenSaver", "/org/freedesktop/ScreenSaver",
     "type='signal',interface='org.freedesktop.ScreenSaver',member='ActiveChanged'"},
    {"org.gnome.ScreenSaver", "/org/gnome/ScreenSaver",
     "type='signal',interface='org.gnome.ScreenSaver',member='ActiveChanged'"},
};

// Whether it is on already; one that is not running is not started.
bool is_active(sd_bus* bus, const Service& service) {
    sd_bus_message* raw = nullptr;
    if (sd_bus_message_new_method_call(bus, &raw, service.name, service.path, service.name,
                                       "GetActive") < 0) {
        return false;
    }
    const Message call{raw};
    (void)sd_bus_message_set_auto_start(call.get(), 0);
    raw = nullptr;
    int active = 0;
    const int called = sd_bus_call(bus, call.get(), kPatienceUs, nullptr, &raw);
    const Message reply{raw};
    return called >= 0 && sd_bus_message_read(reply.get(), "b", &active) >= 0 && active != 0;
}

}  // namespace

Result<std::unique_ptr<ScreenSaver>> ScreenSaver::open(sd_event* event, Trigger& trigger) {
    std::unique_ptr<ScreenSaver> made{new ScreenSaver{trigger}};
    sd_bus* bus = nullptr;
    NACRE_TRY(checked("session bus", sd_bus_open_user(&bus)));
    made->bus_.reset(bus);
    NACRE_TRY(checked("session bus", sd_bus_attach_event(bus, event, SD_EVENT_PRIORITY_NORMAL)));
    const auto changed = [](sd_bus_message* message, void* self, sd_bus_error*) {
        int active = 0;
        if (sd_bus_message_read(message, "b", &active) >= 0) {
            static_cast<ScreenSaver*>(self)->set(active != 0);
        }
        return 0;
    };
    for (const Service& service : kServices) {
        NACRE_TRY(checked("match",
                          sd_bus_add_match(bus, nullptr, service.match, changed, made.get())));
    }
    for (const Service& service : kServices) {
        if (is_active(bus, service)) made->set(true);
    }
    (void)sd_bus_set_exit_on_disconnect(bus, 1);
    return made;
}

void ScreenSaver::set(bool active) {
    if (active) {
        trigger_.begin();
    } else {
        trigger_.end();
    }
}

}  // namespace nacre::sentry
