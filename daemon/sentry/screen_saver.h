// ScreenSaver: whether the screen saver is on, from the session bus.
//
// Layer:   daemon/sentry.
// Errors:  open(): as os_error says, when there is no session bus. Later, the bus's end ends the
//          process, which is started again.
// Threads: one.
#pragma once

#include <memory>

#include "daemon/sentry/handles.h"
#include "daemon/sentry/trigger.h"

namespace nacre::sentry {

class ScreenSaver {
public:
    static Result<std::unique_ptr<ScreenSaver>> open(sd_event* event, Trigger& trigger);
    ScreenSaver(const ScreenSaver&) = delete;

private:
    explicit ScreenSaver(Trigger& trigger) : trigger_{trigger} {}
    void set(bool active);

    Trigger& trigger_;
    Bus bus_;
};

}  // namespace nacre::sentry
