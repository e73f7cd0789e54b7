#include "daemon/vaultd/confine.h"

#include <openssl/crypto.h>

#include <cstdlib>
#include <ctime>

#include "daemon/libsignal/host.h"
#include "sandbox/landlock.h"
#include "sandbox/limits.h"

namespace nacre::vaultd {
namespace {

void load_early() {
    // An addon that is missing is told of when the vault is opened.
    (void)signal::preload(signal::default_addon_path());
    OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG | OPENSSL_INIT_LOAD_CRYPTO_STRINGS, nullptr);
    tzset();
}

}  // namespace

Result<sandbox::InForce> restrict_paths(const config::Places& places) {
    load_early();
    sandbox::Grants grants{{{"state", places.state}}};
    // NOLINTNEXTLINE(concurrency-mt-unsafe): before threads.
    if (const char* folder = std::getenv("CREDENTIALS_DIRECTORY"); folder != nullptr && *folder == '/')
        grants.places.push_back({"credentials", folder});
    sandbox::InForce made;
    made.landlock = NACRE_TRY(sandbox::restrict_access(sandbox::Process::vaultd, grants));
    made.refuses_written_code = sandbox::refuses_written_code();
    return made;
}

Result<void> filter_calls(sandbox::InForce& in_force) {
    in_force.filter = NACRE_TRY(sandbox::filter_calls(sandbox::Process::vaultd));
    return {};
}

}  // namespace nacre::vaultd
