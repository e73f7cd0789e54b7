// LoginKeeper: puts the login where it survives the courier, and judges where it may be used, and
// whether the owner's credential holds the same.
//
// Layer:   daemon/courier.
// Secrets: the login, on its way into a sealed memfd.
// Errors:  environment_changed; of the memfd and the supervisor.
// Threads: any; one lock. `changed` is called with it held.
// Format:  `vault-login` in the courier's state: the fingerprint of the login that the vault gave
//          last, a line feed. A credential with any other login is of another account or from before
//          the last link: what came for it would be sealed for a vault that cannot read it.
#pragma once

#include <functional>
#include <mutex>

#include "daemon/base/supervision.h"
#include "daemon/courier/login.h"
#include "daemon/courier/state_file.h"

namespace nacre::courier {

class LoginKeeper {
public:
    using Credential = v1::ConnectionStatus::Credential;

    // Borrows the supervision and the folder. `environment`: what the configuration says.
    LoginKeeper(daemon::Supervision& supervision, v1::Environment environment,
                const StateFolder& state);

    bool fits(const DeviceLogin& login) const;

    // With the supervisor from now on, in place of the one before.
    Result<void> keep(const DeviceLogin& login);
    void forget();

    // The owner's credential of this start; not_found: there is none. What it is worth, now and to
    // `changed` whenever that changes.
    Credential judge(const Result<DeviceLogin>& credential,
                     std::function<void(Credential)> changed);

    const v1::Environment& environment() const { return environment_; }

private:
    void remember(const std::string& fingerprint);
    Credential verdict() const;

    daemon::Supervision& supervision_;
    const v1::Environment environment_;
    const StateFolder& state_;
    std::mutex mutex_;
    std::string known_;       // the file's fingerprint; empty: none
    std::string credential_;  // that of the credential
    Credential unless_known_ = v1::ConnectionStatus::CREDENTIAL_NONE;
    Credential if_known_ = v1::ConnectionStatus::CREDENTIAL_NONE;
    std::function<void(Credential)> changed_;
};

}  // namespace nacre::courier
