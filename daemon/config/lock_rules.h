// LockRules: when the vault locks by itself, as [lock] of the configuration says it.
//
// Layer:   daemon/config. vaultd counts idle and open time itself; the rest is nacre-sentry's.
// Threads: values.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nacre::config {

struct UsbDevice {
    std::uint16_t vendor = 0;
    std::uint16_t product = 0;
    std::string serial;  // empty: any
};

// "1050:0407" or "1050:0407:SERIAL", the first two as lsusb prints them.
std::optional<UsbDevice> parse_usb_device(std::string_view text);

struct LockRules {
    // Off, or after how many seconds.
    using Delay = std::optional<std::uint32_t>;

    Delay idle;  // since the last request of a client
    Delay open;  // since the unlock
    Delay session;
    Delay screen_saver;
    Delay sleep;
    bool shutdown = false;
    Delay lid;
    Delay usb;
    UsbDevice usb_device;
    bool panic_destroys_slots = false;
    std::uint32_t overwrite_percent = 0;  // of free memory after a lock; 0: off
    std::vector<uid_t> allowed_uids;  // who may say "lock", beside the API's users; system mode

    // Whether there is anything for nacre-sentry to watch.
    bool need_sentry() const {
        return session || screen_saver || sleep || shutdown || lid || usb;
    }

    // What is on, by the names of the keys.
    struct InForce {
        std::string_view name;
        std::uint32_t delay;
    };
    std::vector<InForce> in_force() const;
};

}  // namespace nacre::config
