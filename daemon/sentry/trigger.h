// Trigger: a cause on the event loop, which asks for the lock when it is time.
//
// Layer:   daemon/sentry.
// Threads: one.
#pragma once

#include "api/base/clock.h"
#include "api/base/log.h"
#include "daemon/sentry/cause.h"
#include "daemon/sentry/lock_request.h"

namespace nacre::sentry {

class Trigger {
public:
    // `name` stands in the log when it locks.
    Trigger(sd_event* event, LockRequest& request, Literal name, config::LockRules::Delay delay)
        : event_{event}, request_{request}, name_{name}, cause_{delay} {}
    Trigger(const Trigger&) = delete;

    bool watched() const { return cause_.watched(); }
    bool at_once() const { return cause_.at_once(); }
    // `go_on` is called when nothing more is to be waited for: when the vault is wiped, or at once
    // if it is not locked now.
    void begin(LockRequest::Wiped go_on = {});
    void end();

private:
    void arm();
    void lock(LockRequest::Wiped wiped);

    sd_event* const event_;
    LockRequest& request_;
    const Literal name_;
    Cause cause_;
    EventSource timer_;
};

}  // namespace nacre::sentry
