// Usb: whether the configured USB device is plugged in, from udev.
//
// Layer:   daemon/sentry. What a device says about itself is compared, and nothing else is done with
//          it: whoever can plug in a device with the same numbers can only keep the vault open.
// Errors:  open(): as os_error says.
// Threads: one.
#pragma once

#include <memory>

#include "daemon/config/lock_rules.h"
#include "daemon/sentry/handles.h"
#include "daemon/sentry/trigger.h"

namespace nacre::sentry {

class Usb {
public:
    static Result<std::unique_ptr<Usb>> open(sd_event* event, Trigger& trigger,
                                             const config::UsbDevice& wanted);
    Usb(const Usb&) = delete;

private:
    Usb(Trigger& trigger, config::UsbDevice wanted)
        : trigger_{trigger}, wanted_{std::move(wanted)} {}
    void look(const char* removed_path);
    bool is_there(const char* removed_path) const;

    Trigger& trigger_;
    const config::UsbDevice wanted_;
    Monitor monitor_;
    bool there_ = true;  // so that one that is missing from the start is a loss
};

}  // namespace nacre::sentry
