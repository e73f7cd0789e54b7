#include "daemon/courier/login_keeper.h"

#include "api/base/log.h"
#include "daemon/config/wire_environment.h"

namespace nacre::courier {
namespace {

using Status = v1::ConnectionStatus;

constexpr char kFile[] = "vault-login";
constexpr std::size_t kFingerprint = 32;

// One that cannot be read counts as none: the vault says it again.
std::string known_login(const StateFolder& state) {
    const auto bytes = state.read(kFile, kFingerprint + 1);
    if (!bytes.ok() || !*bytes || (*bytes)->size() != kFingerprint + 1) return {};
    return std::string{as_text(**bytes).substr(0, kFingerprint)};
}

}  // namespace

LoginKeeper::LoginKeeper(daemon::Supervision& supervision, v1::Environment environment,
                         const StateFolder& state)
    : supervision_{supervision},
      environment_{std::move(environment)},
      state_{state},
      known_{known_login(state)} {}

bool LoginKeeper::fits(const DeviceLogin& login) const {
    return config::same_environment(login.environment, environment_);
}

Result<void> LoginKeeper::keep(const DeviceLogin& login) {
    const daemon::Descriptor sealed = NACRE_TRY(seal_login(login));
    const std::lock_guard lock{mutex_};
    remember(login.fingerprint());
    return supervision_.keep_login(sealed.get());
}

void LoginKeeper::forget() {
    const std::lock_guard lock{mutex_};
    remember({});
    if (const auto forgotten = supervision_.forget_login(); !forgotten.ok())
        log::write(log::Level::warning, "the supervisor may still hold the login",
                   forgotten.error());
}

void LoginKeeper::remember(const std::string& fingerprint) {
    if (known_ == fingerprint) return;
    known_ = fingerprint;
    const auto stored = known_.empty() ? state_.remove(kFile)
                                       : state_.replace(kFile, as_bytes(known_ + "\n"));
    if (!stored.ok())
        log::write(log::Level::warning, "cannot remember which login the vault gave",
                   stored.error());
    if (changed_) changed_(verdict());
}

LoginKeeper::Credential LoginKeeper::verdict() const {
    return !known_.empty() && known_ == credential_ ? if_known_ : unless_known_;
}

LoginKeeper::Credential LoginKeeper::judge(const Result<DeviceLogin>& credential,
                                           std::function<void(Credential)> changed) {
    const std::lock_guard lock{mutex_};
    if (credential.ok()) {
        credential_ = credential->fingerprint();
        unless_known_ = Status::CREDENTIAL_OTHER_LOGIN;
        if_known_ = fits(*credential) ? Status::CREDENTIAL_GOOD : Status::CREDENTIAL_OTHER_SERVERS;
    } else if (credential.error().code != ErrorCode::not_found) {
        unless_known_ = Status::CREDENTIAL_UNREADABLE;
    }
    changed_ = std::move(changed);
    return verdict();
}

}  // namespace nacre::courier
