// Handles: libsystemd's objects with an owner, and its errors as ours.
//
// Layer:   daemon/sentry.
// Threads: one: libsystemd's objects are not for more.
#pragma once

#include <systemd/sd-bus.h>
#include <systemd/sd-device.h>
#include <systemd/sd-event.h>

#include <memory>

#include "api/base/result.h"

namespace nacre::sentry {

template <auto Free>
struct FreeWith {
    template <class T>
    void operator()(T* object) const {
        Free(object);
    }
};

using Event = std::unique_ptr<sd_event, FreeWith<sd_event_unref>>;
using EventSource = std::unique_ptr<sd_event_source, FreeWith<sd_event_source_disable_unref>>;
using Bus = std::unique_ptr<sd_bus, FreeWith<sd_bus_flush_close_unref>>;
using Message = std::unique_ptr<sd_bus_message, FreeWith<sd_bus_message_unref>>;
using Monitor = std::unique_ptr<sd_device_monitor, FreeWith<sd_device_monitor_unref>>;
using Enumerator = std::unique_ptr<sd_device_enumerator, FreeWith<sd_device_enumerator_unref>>;

// libsystemd returns a negative errno.
inline Result<void> checked(Literal where, int returned) {
    if (returned < 0) return os_error(where, -returned);
    return {};
}

}  // namespace nacre::sentry
