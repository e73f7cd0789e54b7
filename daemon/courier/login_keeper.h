// LoginKeeper: puts the login where it survives the courier, and judges where it may be used.
//
// Layer:   daemon/courier.
// Secrets: the login, on its way into a sealed memfd.
// Errors:  environment_changed; of the memfd and the supervisor.
// Threads: any; one lock.
#pragma once

#include <mutex>

#include "daemon/base/supervision.h"
#include "daemon/courier/login.h"

namespace nacre::courier {

class LoginKeeper {
public:
    // Borrows the supervision. `environment`: what the configuration says.
    LoginKeeper(daemon::Supervision& supervision, v1::Environment environment)
        : supervision_{supervision}, environment_{std::move(environment)} {}

    bool fits(const DeviceLogin& login) const;

    // With the supervisor from now on, in place of the one before.
    Result<void> keep(const DeviceLogin& login);
    void forget();

    const v1::Environment& environment() const { return environment_; }

private:
    daemon::Supervision& supervision_;
    v1::Environment environment_;
    std::mutex mutex_;
};

}  // namespace nacre::courier
