#include "daemon/sentry/usb.h"

#include <charconv>
#include <cstring>
#include <optional>
#include <string_view>

#include "api/base/log.h"

namespace nacre::sentry {
namespace {

std::string_view attribute(sd_device* device, const char* name) {
    const char* value = nullptr;
    return sd_device_get_sysattr_value(device, name, &value) < 0 || value == nullptr ? "" : value;
}

std::optional<std::uint16_t> number(sd_device* device, const char* name) {
    const std::string_view text = attribute(device, name);
    std::uint16_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

bool is(sd_device* device, const config::UsbDevice& wanted) {
    return number(device, "idVendor") == wanted.vendor &&
           number(device, "idProduct") == wanted.product &&
           (wanted.serial.empty() || attribute(device, "serial") == wanted.serial);
}

const char* path_of(sd_device* device) {
    const char* path = nullptr;
    return sd_device_get_syspath(device, &path) < 0 ? "" : path;
}

}  // namespace

Result<std::unique_ptr<Usb>> Usb::open(sd_event* event, Trigger& trigger,
                                       const config::UsbDevice& wanted) {
    std::unique_ptr<Usb> made{new Usb{trigger, wanted}};
    sd_device_monitor* monitor = nullptr;
    NACRE_TRY(checked("udev", sd_device_monitor_new(&monitor)));
    made->monitor_.reset(monitor);
    NACRE_TRY(checked("udev", sd_device_monitor_filter_add_match_subsystem_devtype(
                                  monitor, "usb", "usb_device")));
    NACRE_TRY(checked("udev", sd_device_monitor_attach_event(monitor, event)));
    const auto changed = [](sd_device_monitor*, sd_device* device, void* self) {
        sd_device_action_t action{};
        const bool removed =
            sd_device_get_action(device, &action) >= 0 && action == SD_DEVICE_REMOVE;
        static_cast<Usb*>(self)->look(removed ? path_of(device) : "");
        return 0;
    };
    NACRE_TRY(checked("udev", sd_device_monitor_start(monitor, changed, made.get())));
    made->look("");
    return made;
}

void Usb::look(const char* removed_path) {
    const bool there = is_there(removed_path);
    if (there == there_) return;
    there_ = there;
    if (there) {
        log::write(log::Level::info, "the USB device is back");
        trigger_.end();
    } else {
        trigger_.begin();
    }
}

// Whatever the events said, what stands in /sys counts. The removed one may still stand there.
bool Usb::is_there(const char* removed_path) const {
    sd_device_enumerator* raw = nullptr;
    if (sd_device_enumerator_new(&raw) < 0) return false;
    const Enumerator all{raw};
    (void)sd_device_enumerator_allow_uninitialized(raw);
    (void)sd_device_enumerator_add_match_subsystem(raw, "usb", 1);
    for (sd_device* device = sd_device_enumerator_get_device_first(raw); device != nullptr;
         device = sd_device_enumerator_get_device_next(raw)) {
        if (std::strcmp(path_of(device), removed_path) != 0 && is(device, wanted_)) return true;
    }
    return false;
}

}  // namespace nacre::sentry
