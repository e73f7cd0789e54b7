#include "daemon/sentry/trigger.h"

#include <utility>

namespace nacre::sentry {
namespace {

constexpr std::uint64_t kAccuracyUs = 100'000;

}  // namespace

void Trigger::begin(LockRequest::Wiped go_on) {
    if (cause_.begin(system_clock().boot_ms())) return lock(std::move(go_on));
    arm();
    if (go_on) go_on();
}

void Trigger::end() {
    if (cause_.end(system_clock().boot_ms())) lock({});
    timer_.reset();
}

void Trigger::arm() {
    if (!cause_.due()) return;
    const auto expired = [](sd_event_source*, std::uint64_t, void* data) {
        auto* self = static_cast<Trigger*>(data);
        if (self->cause_.expire(system_clock().boot_ms())) {
            self->lock({});
        } else {
            self->arm();
        }
        return 0;
    };
    const auto when_us = static_cast<std::uint64_t>(*cause_.due()) * 1000;
    sd_event_source* source = nullptr;
    const int added = sd_event_add_time(event_, &source, CLOCK_BOOTTIME, when_us, kAccuracyUs,
                                        expired, this);
    timer_.reset(source);
    // Rather too early than never.
    if (added < 0) lock({});
}

void Trigger::lock(LockRequest::Wiped wiped) {
    log::write(log::Level::info, name_);
    request_.send(std::move(wiped));
}

}  // namespace nacre::sentry
