#include "daemon/courier/login_keeper.h"

#include "api/base/log.h"
#include "daemon/config/wire_environment.h"

namespace nacre::courier {

bool LoginKeeper::fits(const DeviceLogin& login) const {
    return config::same_environment(login.environment, environment_);
}

Result<void> LoginKeeper::keep(const DeviceLogin& login) {
    const daemon::Descriptor sealed = NACRE_TRY(seal_login(login));
    const std::lock_guard lock{mutex_};
    return supervision_.keep_login(sealed.get());
}

void LoginKeeper::forget() {
    const std::lock_guard lock{mutex_};
    if (const auto forgotten = supervision_.forget_login(); !forgotten.ok())
        log::write(log::Level::warning, "the supervisor may still hold the login",
                   forgotten.error());
}

}  // namespace nacre::courier
